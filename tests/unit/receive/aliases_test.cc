#include "outrider/receive/aliases.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace outrider::receive {
namespace {

std::vector<std::string> targets(std::string_view text, std::string_view name) {
  const Result<Aliases> aliases = Aliases::parse(text, "aliases", false);
  EXPECT_TRUE(aliases.has_value()) << (aliases ? "" : aliases.error().text());
  std::vector<std::string> found;
  const Alias* alias = aliases ? aliases->find(name) : nullptr;
  if (alias == nullptr) return found;
  for (const Address& target : alias->targets)
    found.push_back(target.domain.empty() ? target.local_part : target.text());
  return found;
}

using Names = std::vector<std::string>;

TEST(Aliases, ReadsNamesAndTargets) {
  EXPECT_EQ(targets("sales: anna, bob@Example.NET\n", "sales"), (Names{"anna", "bob@example.net"}));
}

TEST(Aliases, JoinsContinuationLines) {
  EXPECT_EQ(targets("a: b,\n  c,\n\td\ne: f\n", "a"), (Names{"b", "c", "d"}));
  EXPECT_EQ(targets("a: b,\n\n# between\n  c\n", "a"), (Names{"b", "c"}));
}

TEST(Aliases, IgnoresCommentsAndEmptyLines) {
  EXPECT_EQ(targets("# none\n\na: b # not c\n   # nor d\n", "a"), (Names{"b"}));
}

TEST(Aliases, TakesQuotedNames) {
  EXPECT_EQ(targets("\"front desk\": \"a, b\"@example.org, c\n", "front desk"),
            (Names{"\"a, b\"@example.org", "c"}));
  EXPECT_EQ(targets("a: \"b#c\"@x.example\n", "a").size(), 1u);
}

TEST(Aliases, FoldsTheCaseOfNames) { EXPECT_EQ(targets("Sales: anna\n", "sales"), Names{"anna"}); }

TEST(Aliases, KeepsTheCaseOfNamesWhereAsked) {
  const Result<Aliases> aliases = Aliases::parse("Sales: anna\n", "aliases", true);
  ASSERT_TRUE(aliases);
  EXPECT_EQ(aliases->find("sales"), nullptr);
  EXPECT_NE(aliases->find("Sales"), nullptr);
}

TEST(Aliases, TakesCrLfAndALastLineWithoutEnd) {
  EXPECT_EQ(targets("a: b\r\nc: d", "a"), Names{"b"});
  EXPECT_EQ(targets("a: b\r\nc: d", "c"), Names{"d"});
}

TEST(Aliases, TakesAddressLiterals) {
  EXPECT_EQ(targets("a: b@[192.0.2.1]\n", "a"), Names{"b@[192.0.2.1]"});
}

struct Wrong {
  const char* text;
  const char* place;
  const char* said;
};

TEST(Aliases, SaysWhatIsWrongAndWhere) {
  const Wrong all[] = {
      {"a: b\nc: |/bin/sh\n", "aliases:2", "programs are not run"},
      {"a: \"|/bin/sh -c x\"\n", "aliases:1", "programs are not run"},
      {"a: /var/mail/x\n", "aliases:1", "do not deliver to files"},
      {"a: :include:/etc/list\n", "aliases:1", "lists are not included"},
      {"# x\n\nnobody\n", "aliases:3", "no colon"},
      {"a:\n", "aliases:1", "without any target"},
      {"a: , ,\n", "aliases:1", "without any target"},
      {"  a: b\n", "aliases:1", "continuation line"},
      {"a: b\nA: c\n", "aliases:2", "stands at aliases:1 already"},
      {"a: b c\n", "aliases:1", "no address"},
      {"a: b@-..x\n", "aliases:1", "no address"},
      {"a: b@[999.0.0.1]\n", "aliases:1", "no address"},
      {"a: \"b\n", "aliases:1", "no address"},
      {"a@b.example: c\n", "aliases:1", "no alias name"},
      {"a: b\n\nc: d,\n   \x01\n", "aliases:3", "no address"},
  };
  for (const Wrong& wrong : all) {
    const Result<Aliases> aliases = Aliases::parse(wrong.text, "aliases", false);
    ASSERT_FALSE(aliases) << wrong.text;
    EXPECT_EQ(aliases.error().place, wrong.place) << wrong.text;
    EXPECT_NE(aliases.error().input.find(wrong.said), std::string::npos)
        << wrong.text << " gave " << aliases.error().text();
    EXPECT_EQ(aliases.error().blame, Blame::Operator);
  }
}

}  // namespace
}  // namespace outrider::receive
