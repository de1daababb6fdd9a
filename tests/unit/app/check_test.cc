#include "outrider/app/check.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "folder.h"
#include "support/source_folder.h"
#include "support/test_ca.h"

namespace outrider::app {
namespace {

using test::CertificateWish;
using testing::HasSubstr;

struct Site {
  Folder folder;
  test::TestCa ca;

  // What is checked for a listener with this certificate.
  Ran check(const CertificateWish& wish, const std::string& more = "") {
    const auto files = ca.issue(wish);
    ::chmod(files.key.c_str(), 0600);
    return outrider({"check", "-c",
                     folder.write("x.toml", "hostname = \"mx.example.org\"\n" + more +
                                                "[tls]\ncertificate = \"" + files.certificate +
                                                "\"\nkey = \"" + files.key +
                                                "\"\n[console]\nsocket = \"control\"\n"
                                                "[[listener]]\naddress = \"127.0.0.1:0\"\n")});
  }
  std::string queue(mode_t mode) {
    const auto path = folder.file("queue");
    ::mkdir(path.c_str(), mode);
    ::chmod(path.c_str(), mode);
    return "[queue]\npath = \"queue\"\n";
  }
};

TEST(Check, TellsThatAllIsGood) {
  Site site;
  const auto ran = site.check({.names = {"mx.example.org"}}, site.queue(0700));
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, testing::AllOf(HasSubstr("certificate: CN=mx.example.org"),
                                      testing::EndsWith("x.toml: good\n"),
                                      testing::Not(HasSubstr("warning"))));
}

TEST(Check, WarnsOfACertificateForAnotherName) {
  Site site;
  const auto ran = site.check({.names = {"notmx.example.org"}}, site.queue(0700));
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("the certificate does not name mx.example.org"));
}

TEST(Check, AnExpiredCertificateIsAnError) {
  Site site;
  const auto ran = site.check({.names = {"mx.example.org"}, .age = CertificateWish::Age::Expired},
                              site.queue(0700));
  EXPECT_EQ(ran.code, 78);
  EXPECT_THAT(ran.err, HasSubstr(".pem has expired: servers that verify"));
}

TEST(Check, WarnsOfACertificateThatEndsSoon) {
  Site site;
  const auto ran = site.check({.names = {"mx.example.org"}, .age = CertificateWish::Age::Ending},
                              site.queue(0700));
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr(".pem expires in 5d"));
}

TEST(Check, TellsWhichGroupsAreInUse) {
  Site site;
  const auto ran = site.check({.names = {"mx.example.org"}}, site.queue(0700));
  EXPECT_THAT(ran.out, HasSubstr("TLS: groups X25519"));
}

TEST(Check, FindsAQueueThatOthersMayWrite) {
  Site site;
  const auto ran = site.check({.names = {"mx.example.org"}}, site.queue(0777));
  EXPECT_EQ(ran.code, 78);
  EXPECT_THAT(ran.err, HasSubstr("others may write in it"));
}

TEST(Check, FindsAFolderOfTrustThatOthersMayWrite) {
  Site site;
  ::mkdir(site.folder.file("known").c_str(), 0700);
  ::chmod(site.folder.file("known").c_str(), 0777);
  const auto ran =
      site.check({.names = {"mx.example.org"}}, site.queue(0700) + "[trust]\npath = \"known\"\n");
  EXPECT_EQ(ran.code, 78);
  EXPECT_THAT(ran.err, HasSubstr("known: others may write in it"));
}

TEST(Check, FindsAnOpenRelay) {
  Site site;
  const auto ran = site.check({.names = {"mx.example.org"}},
                              site.queue(0700) + "[relay]\nnetworks = [\"0.0.0.0/0\"]\n");
  EXPECT_EQ(ran.code, 78);
  EXPECT_THAT(ran.err, HasSubstr("an open relay"));
}

TEST(Check, SpeaksJson) {
  const Folder folder;
  const auto ran = outrider({"check", "--json", "-c", folder.write("x.toml", "hostnam = 1\n")});
  EXPECT_EQ(ran.code, 78);
  const auto found = nlohmann::json::parse(ran.out);
  EXPECT_EQ(found["ok"], false);
  EXPECT_EQ(found["errors"].size(), 2u);
}

// Its user and its certificates are not on this machine; all else has to be sound.
TEST(Check, TheSampleConfigurationIsGood) {
  Site site;
  const auto files = site.ca.issue("mx.example.org");
  auto toml = content_of(test::source_folder().parent_path() / "docs/outrider.toml");
  const auto replace = [&](std::string_view what, const std::string& with) {
    const auto at = toml.find(what);
    ASSERT_NE(at, std::string::npos) << what;
    toml.replace(at, what.size(), with);
  };
  replace("user = \"outrider\"", "user = \"root\"");
  replace("/etc/letsencrypt/live/mx.example.org/fullchain.pem", files.certificate);
  replace("/etc/letsencrypt/live/mx.example.org/privkey.pem", files.key);
  replace("/etc/letsencrypt/live/mta-sts.example.org/fullchain.pem", files.certificate);
  replace("/etc/letsencrypt/live/mta-sts.example.org/privkey.pem", files.key);
  replace("/var/lib/outrider/queue", site.folder.file("queue"));
  const auto ran = outrider({"check", "-c", site.folder.write("x.toml", toml)});
  EXPECT_EQ(ran.code, 0) << ran.err;
}

}  // namespace
}  // namespace outrider::app
