#include "outrider/receive/recipients.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace outrider::receive {
namespace {

using Kind = Resolution::Kind;

/// A file for one test, gone with it.
class File {
 public:
  explicit File(const std::string& text) {
    static int number = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("outrider-recipients-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
    std::ofstream(path_) << text;
  }
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

DomainOptions domain(std::vector<std::string> users, const std::string& aliases_file = {}) {
  DomainOptions options;
  options.name = "example.org";
  options.users = std::move(users);
  options.aliases_file = aliases_file;
  return options;
}

Result<std::shared_ptr<const LocalDomains>> load(std::vector<DomainOptions> domains,
                                                 Address postmaster = {}) {
  LocalDomainsOptions options;
  options.domains = std::move(domains);
  options.postmaster = std::move(postmaster);
  options.hostname = "mx.example.org";
  return LocalDomains::load(options);
}

std::string shown(const Resolution& resolution) {
  static constexpr const char* names[] = {"elsewhere", "unknown", "user", "alias"};
  std::string text = names[static_cast<int>(resolution.kind)];
  for (const Address& address : resolution.addresses) text += ' ' + address.text();
  return text;
}

std::string resolve(const Result<std::shared_ptr<const LocalDomains>>& domains,
                    std::string local_part, std::string of = "example.org") {
  if (!domains) return domains.error().text();
  return shown((*domains)->resolve({std::move(local_part), std::move(of)}));
}

TEST(LocalDomains, KnowsTheirUsers) {
  const auto domains = load({domain({"anna", "Bob"})});
  EXPECT_EQ(resolve(domains, "anna"), "user anna@example.org");
  EXPECT_EQ(resolve(domains, "ANNA"), "user anna@example.org");
  EXPECT_EQ(resolve(domains, "bob"), "user Bob@example.org");
  EXPECT_EQ(resolve(domains, "carol"), "unknown");
  EXPECT_EQ(resolve(domains, "anna", "example.net"), "elsewhere");
  EXPECT_EQ(resolve(domains, "anna", "sub.example.org"), "elsewhere");
}

TEST(LocalDomains, HonoursCaseWhereAsked) {
  DomainOptions options = domain({"Anna"});
  options.case_sensitive = true;
  const auto domains = load({options});
  EXPECT_EQ(resolve(domains, "Anna"), "user Anna@example.org");
  EXPECT_EQ(resolve(domains, "anna"), "unknown");
}

TEST(LocalDomains, KeepTheTagOfAUserForDelivery) {
  const auto domains = load({domain({"anna", "x+y"})});
  EXPECT_EQ(resolve(domains, "Anna+News"), "user anna+News@example.org");
  EXPECT_EQ(resolve(domains, "anna+"), "user anna+@example.org");
  EXPECT_EQ(resolve(domains, "+anna"), "unknown");
  EXPECT_EQ(resolve(domains, "x+y"), "user x+y@example.org");
  EXPECT_EQ(resolve(domains, "annabel"), "unknown");
}

TEST(LocalDomains, WithoutDelimiterATagIsAnotherName) {
  DomainOptions options = domain({"anna"});
  options.recipient_delimiter.clear();
  EXPECT_EQ(resolve(load({options}), "anna+news"), "unknown");
}

TEST(LocalDomains, TakeAnyUserWhereAsked) {
  DomainOptions options = domain({"Anna"});
  options.any_user = true;
  const auto domains = load({options});
  EXPECT_EQ(resolve(domains, "Zoe+Tag"), "user zoe+Tag@example.org");
  EXPECT_EQ(resolve(domains, "anna"), "user Anna@example.org");
}

TEST(LocalDomains, ReadUsersFromAFile) {
  const File users("# people\nanna\n\nbob # since May\r\n");
  DomainOptions options = domain({});
  options.users_file = users.path();
  const auto domains = load({options});
  EXPECT_EQ(resolve(domains, "bob"), "user bob@example.org");
  EXPECT_EQ(resolve(domains, "people"), "unknown");
}

TEST(LocalDomains, NameTheLineOfABadUser) {
  const File users("anna\nbob@example.org\n");
  DomainOptions options = domain({});
  options.users_file = users.path();
  const auto domains = load({options});
  ASSERT_FALSE(domains);
  EXPECT_EQ(domains.error().place, users.path() + ":2");
}

TEST(LocalDomains, NameAFileThatIsNotThere) {
  DomainOptions options = domain({});
  options.users_file = "/nonexistent/users";
  const auto domains = load({options});
  ASSERT_FALSE(domains);
  EXPECT_EQ(domains.error().place, "/nonexistent/users");
}

TEST(LocalDomains, ExpandAliases) {
  const File file("sales: anna, team, out@example.net\nteam: bob, anna, sales\none: bob\n");
  const auto domains = load({domain({"anna", "bob"}, file.path())});
  EXPECT_EQ(resolve(domains, "sales"), "alias anna@example.org bob@example.org out@example.net");
  EXPECT_EQ(resolve(domains, "SALES"), resolve(domains, "sales"));
  EXPECT_EQ(resolve(domains, "one"), "alias bob@example.org");
  EXPECT_EQ(resolve(domains, "sales+tag"), resolve(domains, "sales"));
}

TEST(LocalDomains, AnAliasThatNamesItselfMeansTheUser) {
  const File file("anna: anna, archive@example.net\n");
  EXPECT_EQ(resolve(load({domain({"anna"}, file.path())}), "anna"),
            "alias anna@example.org archive@example.net");
}

TEST(LocalDomains, RefuseAnAliasThatLeadsNowhere) {
  const File file("a: anna\nb: carol\n");
  const auto domains = load({domain({"anna"}, file.path())});
  ASSERT_FALSE(domains);
  EXPECT_EQ(domains.error().place, file.path() + ":2");
  EXPECT_NE(domains.error().input.find("`carol@example.org`"), std::string::npos);
}

TEST(LocalDomains, RefuseALoopOfAliases) {
  const File file("a: b\nb: c\nc: a\n");
  const auto domains = load({domain({"anna"}, file.path())});
  ASSERT_FALSE(domains);
  EXPECT_TRUE(domains.error().place.starts_with(file.path() + ":"));
}

TEST(LocalDomains, RefuseAnExpansionBeyondTheLimit) {
  const File file("all: a@x.example, b@x.example, c@x.example\n");
  LocalDomainsOptions options;
  options.domains = {domain({}, file.path())};
  options.expansion = 2;
  const auto domains = LocalDomains::load(options);
  ASSERT_FALSE(domains);
  EXPECT_NE(domains.error().input.find("more than 2"), std::string::npos);
}

TEST(LocalDomains, RefuseNestingBeyondTheLimit) {
  std::string text;
  for (int i = 0; i < 40; ++i)
    text += "n" + std::to_string(i) + ": n" + std::to_string(i + 1) + "\n";
  const File file(text + "n40: anna\n");
  EXPECT_FALSE(load({domain({"anna"}, file.path())}));
}

TEST(LocalDomains, CatchAllTakesTheUnknown) {
  DomainOptions options = domain({"anna"});
  options.catch_all = "anna";
  const auto domains = load({options});
  EXPECT_EQ(resolve(domains, "anna"), "user anna@example.org");
  EXPECT_EQ(resolve(domains, "who"), "alias anna@example.org");
  options.catch_all = "box@example.net";
  EXPECT_EQ(resolve(load({options}), "who"), "alias box@example.net");
  options.catch_all = "nobody";
  EXPECT_FALSE(load({options})) << "a catch-all that catches itself";
}

// RFC 5321 §4.5.1
TEST(LocalDomains, PostmasterIsAlwaysThere) {
  const auto plain = load({domain({"anna"})});
  EXPECT_EQ(resolve(plain, "PostMaster"), "alias postmaster@example.org");
  EXPECT_EQ(resolve(plain, "Postmaster", ""), "alias postmaster@example.org");
  const auto named = load({domain({"anna"})}, {"anna", "example.org"});
  EXPECT_EQ(resolve(named, "postmaster"), "alias anna@example.org");
  const File file("postmaster: anna\n");
  EXPECT_EQ(resolve(load({domain({"anna"}, file.path())}), "postmaster"), "alias anna@example.org");
  EXPECT_EQ(resolve(load({domain({"postmaster"})}), "postmaster"), "user postmaster@example.org");
  EXPECT_EQ(resolve(load({}), "Postmaster", ""), "alias postmaster@mx.example.org");
  EXPECT_EQ(resolve(load({}, {"root", "example.net"}), "Postmaster", ""), "alias root@example.net");
}

TEST(LocalDomains, ReachEachOther) {
  const File file("info: anna@example.org, ghost@example.org\n");
  DomainOptions second = domain({}, file.path());
  second.name = "example.com";
  const auto wrong = load({domain({"anna"}), second});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().place, file.path() + ":1");
  const auto right = load({domain({"anna", "ghost"}), second});
  EXPECT_EQ(resolve(right, "info", "example.com"), "alias anna@example.org ghost@example.org");
}

TEST(LocalDomains, RefuseADomainThatIsNamedTwice) {
  EXPECT_FALSE(load({domain({"anna"}), domain({"bob"})}));
}

}  // namespace
}  // namespace outrider::receive
