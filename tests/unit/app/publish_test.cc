// Covers: app/config_publish.cc app/dns_command.cc
#include "outrider/app/publish.h"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "folder.h"
#include "support/test_ca.h"

namespace outrider::app {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using Kind = WantedRecord::Kind;
using State = Found::State;

class PublishTest : public testing::Test {
 protected:
  PublishTest() : files_(ca_.issue(test::CertificateWish{.names = {"mx.example.org"}})) {}

  auto load(const std::string& domain) {
    return load_config("hostname = \"mx.example.org\"\n[tls]\ncertificate = \"" +
                           files_.certificate + "\"\nkey = \"" + files_.key +
                           "\"\n[[listener]]\naddress = \"127.0.0.1:25\"\n"
                           "[[domain]]\nname = \"example.org\"\ndeliver = \"discard\"\n" +
                           domain,
                       "x.toml");
  }

  test::TestCa ca_;
  test::TestCa::Files files_;
};

constexpr const char* full =
    "mta_sts = \"enforce\"\nmta_sts_mx = [\"mx.example.org\", \"*.example.net\"]\n"
    "mta_sts_max_age = \"1d\"\ntls_report_to = [\"mailto:a@example.org\", "
    "\"https://b.example/c\"]\n";

TEST_F(PublishTest, APolicyIsMadeOfTheDomainsSettings) {
  const auto config = load(full);
  ASSERT_TRUE(config) << config.error().front().text();
  EXPECT_EQ(config->receive.policies->at("example.org"),
            "version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\nmx: *.example.net\r\n"
            "max_age: 86400\r\n");
  const auto other = load("mta_sts = \"testing\"\n");
  EXPECT_NE(other->publications.at("example.org").policy_id,
            config->publications.at("example.org").policy_id);
  EXPECT_EQ(load(full)->publications.at("example.org").policy_id,
            config->publications.at("example.org").policy_id);
  EXPECT_THAT(*load("")->receive.policies, SizeIs(0));
}

TEST_F(PublishTest, SettingsThatCannotBeAreRefused) {
  for (const auto* wrong :
       {"mta_sts = \"enforce\"\nmta_sts_mx = [\"a b\"]\n", "mta_sts = \"yes\"\n",
        "tls_report_to = [\"a@example.org\"]\n", "tls_report_to = [\"http://example.org/\"]\n",
        "tls_report_to = [\"mailto:a@b.example; x\"]\n",
        "[[listener]]\naddress = \"127.0.0.1:443\"\nrole = \"mta-sts\"\ntls = \"starttls\"\n"}) {
    EXPECT_FALSE(load(wrong)) << wrong;
  }
}

TEST_F(PublishTest, TellsEachRecord) {
  const auto config = load(full);
  const auto next = ca_.issue(test::CertificateWish{.names = {"mx.example.org"}});
  const auto records = records_to_publish(*config, "Example.ORG", {next.certificate});
  ASSERT_TRUE(records) << records.error().text();
  ASSERT_THAT(*records, SizeIs(6));
  std::string text;
  for (const auto& each : *records) text += record_line(each, nullptr);
  EXPECT_THAT(text, HasSubstr("example.org. IN MX 10 mx.example.org.\n"));
  EXPECT_THAT(text, HasSubstr("_25._tcp.mx.example.org. IN TLSA 3 1 1 "));
  EXPECT_THAT(text, HasSubstr("; next: "));
  EXPECT_THAT(text, HasSubstr("_mta-sts.example.org. IN TXT \"v=STSv1; id="));
  EXPECT_THAT(text, HasSubstr("; mta-sts.example.org. IN A/AAAA "));
  EXPECT_THAT(text, HasSubstr("_smtp._tls.example.org. IN TXT \"v=TLSRPTv1; "
                              "rua=mailto:a@example.org,https://b.example/c\""));
  EXPECT_FALSE(records_to_publish(*config, "other.org", {}));
  EXPECT_FALSE(records_to_publish(*config, "example.org", {"/nowhere.pem"}));
}

class Zone final : public dns::Resolver {
 public:
  dns::MxAnswer mx_answer;
  dns::TlsaAnswer tlsa_answer;
  dns::TextAnswer text_answer;
  dns::AddressAnswer address_answer;

  dns::awaitable<dns::MxAnswer> mx(std::string) override { co_return mx_answer; }
  dns::awaitable<dns::AddressAnswer> ipv4(std::string) override { co_return address_answer; }
  dns::awaitable<dns::AddressAnswer> ipv6(std::string) override { co_return address_answer; }
  dns::awaitable<dns::TextAnswer> pointer(IpAddress) override { co_return text_answer; }
  dns::awaitable<dns::TlsaAnswer> tlsa(std::string) override { co_return tlsa_answer; }
  dns::awaitable<dns::TextAnswer> text(std::string) override { co_return text_answer; }
  void close() override {}
};

Found found_in(Zone& zone, WantedRecord wanted) {
  boost::asio::io_context loop;
  auto found =
      boost::asio::co_spawn(loop, look_up(zone, std::move(wanted)), boost::asio::use_future);
  loop.run();
  return found.get();
}
State state_of(Zone& zone, WantedRecord wanted) { return found_in(zone, std::move(wanted)).state; }

TEST(LookUp, ComparesWhatIsPublished) {
  Zone zone;
  const WantedRecord mx{Kind::Mx, "example.org", "10 mx.example.org.", {}, {}};
  EXPECT_EQ(state_of(zone, mx), State::Unknown);
  zone.mx_answer.status = dns::Status::Found;
  zone.mx_answer.hosts = {{10, "other.example"}};
  EXPECT_EQ(state_of(zone, mx), State::Differs);
  zone.mx_answer.hosts.push_back({20, "mx.example.org"});
  EXPECT_EQ(state_of(zone, mx), State::Match);
  zone.mx_answer.status = dns::Status::NoData;
  EXPECT_EQ(state_of(zone, mx), State::Missing);
}

TEST(LookUp, ATlsaRecordThatIsNotSignedIsOfNoUse) {
  Zone zone;
  const WantedRecord tlsa{Kind::Tlsa, "_25._tcp.mx", "", {3, 1, 1, "digest"}, {}};
  zone.tlsa_answer.status = dns::Status::Found;
  zone.tlsa_answer.records = {{3, 1, 1, "old"}, {3, 1, 1, "digest"}};
  EXPECT_EQ(state_of(zone, tlsa), State::Unsigned);
  zone.tlsa_answer.secure = true;
  EXPECT_EQ(state_of(zone, tlsa), State::Match);
  zone.tlsa_answer.records.pop_back();
  EXPECT_EQ(state_of(zone, tlsa), State::Differs);
}

TEST(LookUp, OtherTextsDoNotMatter) {
  Zone zone;
  const WantedRecord sts{Kind::StsText, "_mta-sts.example.org", "v=STSv1; id=1;", {}, {}};
  zone.text_answer.status = dns::Status::Found;
  zone.text_answer.texts = {"v=spf1 -all"};
  EXPECT_EQ(state_of(zone, sts), State::Missing);
  zone.text_answer.texts.push_back("v=STSv1; id=0;");
  EXPECT_EQ(state_of(zone, sts), State::Differs);
  zone.text_answer.texts.back() = "v=STSv1; id=1;";
  EXPECT_EQ(state_of(zone, sts), State::Match);
}

// RFC 8461 §3.1, RFC 8460 §3.
TEST(LookUp, TwoTextsAreAsNone) {
  Zone zone;
  zone.text_answer.status = dns::Status::Found;
  const WantedRecord sts{Kind::StsText, "_mta-sts.example.org", "v=STSv1; id=1;", {}, {}};
  zone.text_answer.texts = {"v=STSv1; id=1;", "v=STSv1; id=0;"};
  EXPECT_EQ(state_of(zone, sts), State::Differs);
  EXPECT_THAT(found_in(zone, sts).what, HasSubstr("none: \"v=STSv1; id=1;\", \"v=STSv1; id=0"));
  const WantedRecord report{
      Kind::ReportText, "_smtp._tls.example.org", "v=TLSRPTv1; rua=a", {}, {}};
  zone.text_answer.texts = {"v=TLSRPTv1; rua=a", "v=TLSRPTv1; rua=a"};
  EXPECT_EQ(state_of(zone, report), State::Differs);
}

TEST(RecordLine, HasTheStateAsAComment) {
  const WantedRecord mx{Kind::Mx, "example.org", "10 mx.example.org.", {}, {}};
  const Found differs{State::Differs, "10 other.example."};
  EXPECT_EQ(record_line(mx, &differs),
            "example.org. IN MX 10 mx.example.org.  ; differs: 10 other.example.\n");
}

}  // namespace
}  // namespace outrider::app
