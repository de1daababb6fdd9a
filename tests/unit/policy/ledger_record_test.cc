#include "outrider/policy/ledger_record.h"

#include <gtest/gtest.h>

namespace outrider::policy {
namespace {

using namespace std::chrono_literals;
using trust::DomainRecord, trust::HostRecord;

const Time noon = Time(1'700'000'000'000ms);

HostRecord full_host() {
  HostRecord record;
  record.first = noon;
  record.last = noon + 1h;
  record.sessions = {.verified = 1, .unverified = 2, .without = 3};
  record.resumed = 4;
  record.tls = {noon, noon + 1min, 5, "TLSv1.3", noon + 2min, noon + 3min};
  record.version = "TLSv1.2";
  record.cipher = "ECDHE-RSA-AES128-GCM-SHA256";
  record.group = "X25519";
  record.key = {"k", noon};
  record.certificate = {"c", noon + 1s};
  record.proof = "dane-ee";
  record.doubt = "a doubt, with spaces";
  record.verified = noon + 2s;
  record.dane = "usable";
  record.sts = "testing";
  record.requiretls = "yes";
  record.missed = {"not offered", noon + 3s};
  record.failed = {"no shared cipher", noon + 4s};
  return record;
}

DomainRecord full_domain() {
  DomainRecord record;
  record.first = noon;
  record.last = noon + 1h;
  record.hosts = {"a.test:25", "b.test:25"};
  record.days = {{19675, {1, 2, 3}}, {19676, {4, 5, 6}}};
  record.words = {{noon, "root", "keep"}};
  record.clear_until = noon + 15min;
  record.lacks = {{"a.test:25", noon, 7, noon, noon + 1s, false},
                  {"b.test:25", noon, 1, noon, {}, true}};
  return record;
}

TEST(LedgerRecord, ComesBackAsItWas) {
  EXPECT_EQ(*read_host_record(write_record(full_host())), full_host());
  EXPECT_EQ(*read_domain_record(write_record(full_domain())), full_domain());
  EXPECT_EQ(*read_host_record(write_record(HostRecord{})), HostRecord{});
  EXPECT_EQ(*read_domain_record(write_record(DomainRecord{})), DomainRecord{});
}

TEST(LedgerRecord, OneOfBeforeTheDomainsMissedForThemselvesIsRead) {
  DomainRecord record = full_domain();
  record.lacks.clear();
  auto bytes = write_record(record);
  bytes.replace(bytes.find(" 2\n"), 3, " 1\n");
  bytes.resize(bytes.size() - 2);
  EXPECT_EQ(*read_domain_record(bytes), record);
}

TEST(LedgerRecord, ALineEndInAFieldForgesNoOther) {
  HostRecord record;
  record.doubt = "one\n17\ntwo";
  EXPECT_EQ(read_host_record(write_record(record))->doubt, "one\\x0a17\\x0atwo");
}

TEST(LedgerRecord, WhatWasCutOrAddedToIsDamaged) {
  const auto host = write_record(full_host());
  for (std::size_t size = 0; size < host.size(); ++size) {
    EXPECT_FALSE(read_host_record(host.substr(0, size))) << size;
  }
  const auto domain = write_record(full_domain());
  for (std::size_t size = 0; size < domain.size(); ++size) {
    EXPECT_FALSE(read_domain_record(domain.substr(0, size))) << size;
  }
  EXPECT_FALSE(read_host_record(host + "more\n"));
  EXPECT_FALSE(read_domain_record(host));
  EXPECT_FALSE(read_host_record("outrider-tls-host 2" + host.substr(host.find('\n'))));
}

TEST(LedgerRecord, NumbersThatCannotBeAreDamaged) {
  auto domain = write_record(full_domain());
  const auto list = domain.find("\n2\na.test");
  ASSERT_NE(list, std::string::npos);
  EXPECT_FALSE(read_domain_record(std::string(domain).replace(list + 1, 1, "21")));
  EXPECT_FALSE(read_domain_record(std::string(domain).replace(list + 1, 1, "-2")));
  EXPECT_FALSE(read_domain_record(std::string(domain).replace(list + 1, 1, "9999999999999999999")));
}

}  // namespace
}  // namespace outrider::policy
