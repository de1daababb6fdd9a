#include "outrider/policy/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "outrider/policy/ledger_record.h"
#include "outrider/store/keyed.h"
#include "unit/deliver/post.h"

namespace outrider::policy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using trust::Past, trust::Sighting;

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() : log_(LogOptions{.path = folder_ / "log"}) { open(); }

  void open() {
    ledger_.reset();
    store_.reset();
    store_ = *store::Store::open({.path = folder_ / "store"});
    ledger_ = std::make_unique<Ledger>(rules_, store_.get(), log_);
    ASSERT_TRUE(ledger_->load());
  }
  Sighting at(Time when, std::string host = "mx1.test:25", std::string domain = "test") {
    return {std::move(host), std::move(domain), when, "", ""};
  }
  void see(Time when, const std::string& host = "mx1.test:25") {
    TlsFacts facts;
    facts.version = "TLSv1.3";
    facts.peer_key_digest = "k1";
    ledger_->secured(at(when, host), facts);
  }
  std::optional<Missing> miss(Time when, const std::string& host = "mx1.test:25") {
    return ledger_->missed(at(when, host), "no STARTTLS", false);
  }
  std::optional<Missing> miss_of(const std::string& domain, Time when, bool may_tell = true) {
    return ledger_->missed(at(when, "mx1.test:25", domain), "no STARTTLS", false, may_tell);
  }
  std::string logged() {
    log_.flush();
    std::ifstream in(folder_ / "log");
    return {std::istreambuf_iterator<char>(in), {}};
  }

  deliver::TestFolder folder_;
  Log log_;
  LedgerRules rules_{.history = {.memory = 24h * 30, .wait = 1h, .silence = 1h}};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Ledger> ledger_;
  const Time noon_ = now();
};

TEST_F(LedgerTest, L7_MissesWhatItHasSeenOfThatHostAlone) {
  see(noon_);
  EXPECT_FALSE(miss(noon_, "mx2.test:25"));
  const auto missing = miss(noon_ + 1min);
  ASSERT_TRUE(missing);
  EXPECT_TRUE(missing->absence.tell);
  EXPECT_TRUE(missing->absence.waits);
  EXPECT_EQ(missing->absence.until, noon_ + 1h + 1min);
  EXPECT_FALSE(miss(noon_ + 2min)->absence.tell) << "told a minute ago";
}

TEST_F(LedgerTest, TellsOneHostOfSixFromAllSix) {
  for (int i = 1; i <= 6; ++i) see(noon_, "mx" + std::to_string(i) + ".test:25");
  const auto one = miss(noon_, "mx3.test:25");
  EXPECT_EQ(one->gone, 1u);
  EXPECT_EQ(one->known, 6u);
  for (int i = 1; i <= 5; ++i) miss(noon_, "mx" + std::to_string(i) + ".test:25");
  EXPECT_EQ(miss(noon_, "mx6.test:25")->gone, 6u);
  see(noon_, "mx1.test:25");
  EXPECT_EQ(miss(noon_, "mx6.test:25")->gone, 5u);
}

TEST_F(LedgerTest, AHostThatNeverHadTlsIsNotCountedAsGone) {
  see(noon_, "mx1.test:25");
  EXPECT_FALSE(miss(noon_, "old.test:25"));
  const auto missing = miss(noon_, "mx1.test:25");
  EXPECT_EQ(missing->known, 1u);
}

TEST_F(LedgerTest, KnowsWhatIsExpected) {
  EXPECT_EQ(ledger_->past("mx1.test:25", "test", noon_), Past::Unknown);
  see(noon_);
  EXPECT_EQ(ledger_->past("mx1.test:25", "test", noon_), Past::HadTls);
  EXPECT_EQ(ledger_->past("mx1.test:25", "test", noon_ + 24h * 31), Past::Unknown);
  EXPECT_FALSE(miss(noon_ + 24h * 31));
}

TEST_F(LedgerTest, SurvivesARestartInTheMiddleOfAWait) {
  see(noon_);
  miss(noon_ + 1min);
  EXPECT_TRUE(ledger_->rule("test", Ruling::Keep, "root", noon_ + 2min));
  open();
  EXPECT_EQ(ledger_->size(), 1u);
  const auto missing = miss(noon_ + 3min);
  ASSERT_TRUE(missing);
  EXPECT_FALSE(missing->absence.tell) << "it was told before the restart";
  EXPECT_EQ(missing->absence.until, noon_ + 1h + 2min);
  EXPECT_EQ(ledger_->domain("test")->words.at(0).what, "keep");
  EXPECT_EQ(ledger_->host("mx1.test:25")->key.digest, "k1");
}

TEST_F(LedgerTest, WritesByItselfWithinASecond) {
  see(noon_);
  const store::KeyedTable table(*store_, host_table);
  EXPECT_TRUE(deliver::comes_true([&] { return table.read("mx1.test:25")->has_value(); }, 5s));
}

TEST_F(LedgerTest, ForgetsADamagedRecordWithALine) {
  see(noon_);
  ASSERT_TRUE(ledger_->flush());
  ASSERT_TRUE(store::KeyedTable(*store_, host_table)
                  .put("mx1.test:25", "outrider-tls-host 1\nx", store::Durable::Later));
  open();
  EXPECT_EQ(ledger_->size(), 0u);
  EXPECT_THAT(logged(), HasSubstr("tls_record_damaged table=tls_host key=mx1.test:25"));
  open();
  EXPECT_FALSE(*store::KeyedTable(*store_, host_table).read("mx1.test:25"));
}

TEST_F(LedgerTest, ForgetsAtAStartWhatWasNotSeenForLong) {
  see(noon_ - 24h * 91);
  open();
  EXPECT_EQ(ledger_->size(), 0u);
  EXPECT_THAT(ledger_->domains(), IsEmpty());
}

TEST_F(LedgerTest, L9_RemembersAtAStartAsLongAsItIsToldTo) {
  rules_.history.memory = 24h * 365;
  open();
  see(noon_ - 24h * 91);
  open();
  EXPECT_EQ(ledger_->past("mx1.test:25", "test", noon_), Past::HadTls);
}

TEST_F(LedgerTest, IsBoundedAndTheOldestMakeRoom) {
  rules_.most_hosts = rules_.most_domains = 32;
  open();
  for (int i = 0; i < 100; ++i) see(noon_ + i * 1s, std::to_string(i));
  EXPECT_LE(ledger_->size(), 32u);
  EXPECT_TRUE(ledger_->host("99"));
  EXPECT_FALSE(ledger_->host("0"));
  open();
  EXPECT_LE(ledger_->size(), 32u) << "on disk, too";
  EXPECT_TRUE(ledger_->host("99"));
}

TEST_F(LedgerTest, L9_AcceptNewForgetsWhatIsMissed) {
  see(noon_);
  see(noon_, "mx2.test:25");
  miss(noon_);
  EXPECT_THAT(ledger_->rule("test", Ruling::AcceptNew, "root", noon_)->missing,
              ElementsAre("mx1.test:25"));
  EXPECT_FALSE(miss(noon_ + 1min));
  EXPECT_TRUE(miss(noon_ + 1min, "mx2.test:25")) << "it was not missing then";
  EXPECT_THAT(logged(), HasSubstr("tls ruled domain=test ruling=accept-new who=root"));
}

// A policy of one domain, or its time, says nothing about the others of the host.
TEST_F(LedgerTest, L7_EachDomainOfAHostHasItsOwnAlarmAndWait) {
  see(noon_);
  EXPECT_FALSE(miss_of("big", noon_, false)->absence.tell);
  const auto small = miss_of("small", noon_ + 50min)->absence;
  EXPECT_TRUE(small.tell);
  EXPECT_EQ(small.until, noon_ + 1h + 50min);
  EXPECT_EQ(miss_of("big", noon_ + 55min)->absence.until, noon_ + 1h);
  EXPECT_FALSE(miss_of("big", noon_ + 2h)->absence.waits);
  open();
  EXPECT_FALSE(miss_of("small", noon_ + 55min)->absence.tell) << "it was told before the restart";
  EXPECT_EQ(miss_of("third", noon_ + 3h)->absence.until, noon_ + 4h);
}

TEST_F(LedgerTest, L7_WhatAnotherAlarmTellsIsNotToldByThisOne) {
  see(noon_);
  EXPECT_FALSE(miss_of("test", noon_, false)->absence.tell);
  EXPECT_TRUE(miss_of("test", noon_ + 1min)->absence.tell) << "none of its own was raised";
}

TEST_F(LedgerTest, L9_AcceptNewIsOfOneDomainUntilTlsIsSeenAgain) {
  see(noon_);
  miss_of("test", noon_);
  miss_of("other", noon_);
  EXPECT_TRUE(ledger_->rule("test", Ruling::AcceptNew, "root", noon_));
  open();
  EXPECT_EQ(ledger_->past("mx1.test:25", "test", noon_ + 1min), Past::Released);
  EXPECT_EQ(ledger_->past("mx1.test:25", "other", noon_ + 1min), Past::HadTls);
  EXPECT_FALSE(miss_of("test", noon_ + 1min));
  EXPECT_TRUE(miss_of("other", noon_ + 1min)->absence.waits);
  TlsFacts facts;
  ledger_->secured(at(noon_ + 2min, "mx1.test:25", "other"), facts);
  EXPECT_EQ(ledger_->past("mx1.test:25", "test", noon_ + 3min), Past::HadTls);
  EXPECT_EQ(miss_of("test", noon_ + 3min)->absence.until, noon_ + 1h + 3min);
}

TEST_F(LedgerTest, WhatIsReleasedIsNoReasonForAnAlarmButAWhileLater) {
  see(noon_);
  EXPECT_TRUE(ledger_->rule("test", Ruling::PlaintextOnce, "root", noon_));
  EXPECT_FALSE(miss(noon_ + 1min));
  const auto missing = miss(noon_ + 16min);
  ASSERT_TRUE(missing);
  EXPECT_TRUE(missing->absence.tell);
  EXPECT_EQ(missing->absence.until, noon_ + 1h + 16min);
}

TEST_F(LedgerTest, KnowsWhoWouldWaitNow) {
  const std::string host = "mx1.test:25";
  EXPECT_FALSE(ledger_->waits(host, "test", noon_)) << "nothing is known";
  see(noon_);
  EXPECT_TRUE(ledger_->waits(host, "test", noon_));
  EXPECT_TRUE(ledger_->waits(host, "nobody", noon_)) << "and of the domain nothing";
  miss(noon_);
  EXPECT_TRUE(ledger_->rule("test", Ruling::PlaintextOnce, "root", noon_ + 1min));
  EXPECT_FALSE(ledger_->waits(host, "test", noon_ + 15min));
  EXPECT_TRUE(ledger_->waits(host, "test", noon_ + 16min));
  EXPECT_FALSE(ledger_->waits(host, "test", noon_ + 1h));
  EXPECT_TRUE(ledger_->rule("test", Ruling::Keep, "root", noon_ + 1h));
  EXPECT_TRUE(ledger_->waits(host, "test", noon_ + 1h));
}

TEST_F(LedgerTest, PlaintextOnceHoldsForAWhile) {
  see(noon_);
  miss(noon_);
  const auto ruled = ledger_->rule("test", Ruling::PlaintextOnce, "root", noon_);
  EXPECT_EQ(ruled->until, noon_ + 15min);
  EXPECT_EQ(ledger_->past("mx1.test:25", "test", noon_ + 14min), Past::Released);
  EXPECT_EQ(ledger_->past("mx1.test:25", "test", noon_ + 15min), Past::HadTls);
  EXPECT_EQ(ledger_->past("mx1.test:25", "other", noon_), Past::HadTls);
}

TEST_F(LedgerTest, KeepBeginsTheWaitAnewAndEndsARelease) {
  see(noon_);
  miss(noon_);
  EXPECT_TRUE(ledger_->rule("test", Ruling::PlaintextOnce, "root", noon_));
  const auto ruled = ledger_->rule("test", Ruling::Keep, "ada", noon_ + 30min);
  EXPECT_EQ(ruled->until, noon_ + 90min);
  EXPECT_EQ(ledger_->past("mx1.test:25", "test", noon_ + 31min), Past::HadTls);
  EXPECT_EQ(miss(noon_ + 31min)->absence.until, noon_ + 90min);
  EXPECT_EQ(ledger_->domain("test")->words.size(), 2u);
}

TEST_F(LedgerTest, ARulingAboutNobodyKeepsNothing) {
  EXPECT_FALSE(ledger_->rule("nowhere", Ruling::Keep, "root", noon_));
  EXPECT_FALSE(ledger_->domain("nowhere"));
  EXPECT_THAT(logged(), Not(HasSubstr("tls ruled")));
}

TEST_F(LedgerTest, ARulingIsWrittenWhenItIsAnswered) {
  rules_.write_after = 1h;
  open();
  see(noon_);
  ASSERT_TRUE(ledger_->rule("test", Ruling::Keep, "root", noon_));
  const auto written = store::KeyedTable(*store_, domain_table).read("test");
  ASSERT_TRUE(written && *written);
  EXPECT_EQ(read_domain_record(**written)->words.at(0).what, "keep");
}

TEST(Ruling, HasTheWordsOfTheCommandLine) {
  for (const auto ruling : {Ruling::PlaintextOnce, Ruling::AcceptNew, Ruling::Keep}) {
    EXPECT_EQ(ruling_named(name(ruling)), ruling);
  }
  EXPECT_FALSE(ruling_named("forget"));
}

TEST_F(LedgerTest, IsSafeFromManyThreads) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 200; ++i) {
        see(noon_, std::to_string(i % 50));
        if (i % 7 == 0) miss(noon_, std::to_string(i % 50));
        if (i % 50 == t) EXPECT_TRUE(ledger_->flush());
        ledger_->past("0", "test", noon_);
        ledger_->domains();
      }
    });
  }
  threads.clear();
  EXPECT_EQ(trust::lately(*ledger_->domain("test"), noon_, 1).all(), 4 * (200 + 29u));
  EXPECT_EQ(ledger_->size(), 50u);
}

}  // namespace
}  // namespace outrider::policy
