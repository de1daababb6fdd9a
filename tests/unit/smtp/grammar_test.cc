#include "outrider/smtp/grammar.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/vectors.h"

namespace outrider::smtp {
namespace {

using nlohmann::json;
using test::from_base64;

Parsed<Address> forward(std::string_view text, Letters letters = Letters::Ascii) {
  Cursor in(text);
  auto path = parse_forward_path(in, letters);
  if (path && !in.at_end()) return in.expected("the end");
  if (!path) return std::unexpected(path.error());
  return path->mailbox;
}

std::string route_of(std::string_view text) {
  Cursor in(text);
  const auto path = parse_reverse_path(in, Letters::Ascii);
  return path ? path->route : "no path";
}

Parsed<Address> reverse(std::string_view text, Letters letters = Letters::Ascii) {
  Cursor in(text);
  auto path = parse_reverse_path(in, letters);
  if (path && !in.at_end()) return in.expected("the end");
  if (!path) return std::unexpected(path.error());
  return path->mailbox;
}

// What the vectors leave to policy, and what this grammar says. Whether mail to such an address is
// taken is decided by `receive`: a literal, a lone label or a percent sign is not relayed.
struct Choice {
  std::string_view id;
  bool accepted;
};
constexpr Choice choices[] = {
    {"ok-single-label", true},
    {"q-empty", false},
    {"x-none", false},
    {"d-len253", true},
    {"p-257", true},  // RFC 5321 §4.5.3.1.3 asks for 256, and to take more where possible
    {"lit-v4", true},
    {"lit-v4-max", true},
    {"lit-v4-zero", true},
    {"lit-v4-lead0", false},  // read as octal by some: refused, the vector allows it
    {"lit-v6", true},
    {"lit-v6-full", true},
    {"lit-v6-v4", true},
    {"lit-v6-low", true},
    {"lit-v6-any", true},
    {"lit-v6-loop", true},
    {"lit-v6-notag", false},
    {"lit-general", false},
    {"d-bare-v4", true},  // a Domain by the grammar, and looked up as a name only
    {"d-number", true},   // likewise
    {"pm-quoted", false},
    {"sr-relay-percent", true},
    {"sr-relay-bang", true},
    {"sr-relay-quoted", true},
    {"sr-relay-literal", true},
    {"sr-100-hops", false},
    {"sr-rfc788-one", true},
    {"sr-rfc788-two", true},
    {"sr-rfc788-relay-rcpt", true},
    {"sr-rfc788-mixed", true},
    {"sr-rfc788-mail", true},
    {"sr-rfc788-not-us", true},
    {"ucheck-nel", false},
    {"ucheck-ls", false},
    {"ucheck-ps", false},
    {"ucheck-rlo", false},
    {"ucheck-zwsp", false},
    {"ucheck-bom", false},
    {"ucheck-fullwidth-at", false},
    {"ucheck-fullwidth-dot-domain", false},
    {"ucheck-ideographic-dot", false},
    {"ucheck-fullwidth-lt", true},  // a letter of a local-part like others, never normalised
    {"ucheck-nonchar", false},
    {"ucheck-tag", false},
    {"ucheck-soft-hyphen-domain", false},
    {"ucheck-zwj-domain", false},
    {"ucheck-confusable", true},
    {"ucheck-nfd", true},
    {"ucheck-emoji-domain", false},
    {"ucheck-sharp-s", true},
    {"ucheck-bad-alabel", true},  // ASCII like other ASCII: it is never decoded
    {"ucheck-malformed-xn", true},
    {"ucheck-xn-ctl", false},
};

bool should_be_accepted(const json& given) {
  const auto verdict = given["verdict"].get<std::string>();
  if (verdict != "policy") return verdict != "reject";
  const auto id = given["id"].get<std::string>();
  const auto* choice = std::ranges::find(choices, id, &Choice::id);
  if (choice == std::end(choices)) {
    ADD_FAILURE() << "a case without a choice";
    return false;
  }
  return choice->accepted;
}

void check_path(const json& given) {
  const auto path = from_base64(given["path"]["b64"].get<std::string>());
  const auto parse = given["command"] == "mail" ? reverse : forward;
  const auto found = parse(path, Letters::Utf8);
  EXPECT_EQ(found.has_value(), should_be_accepted(given)) << path;
  if (!found) return;
  if (given["verdict"] == "smtputf8-only") EXPECT_FALSE(parse(path, Letters::Ascii)) << path;
  if (given.contains("local")) EXPECT_EQ(found->local_part, given["local"].get<std::string>());
  const bool literal = found->domain.starts_with('[');  // held in its shortest form
  if (given.contains("domain") && !literal) {
    EXPECT_EQ(found->domain, given["domain"].get<std::string>());
  }
  EXPECT_EQ(parse(found->path(), Letters::Utf8), found) << path;
}

TEST(Grammar, JudgesEveryAddressOfTheVectors) {
  std::size_t judged = 0;
  for (const auto& given : test::vector_cases("addresses.json")) {
    if (given["command"] == "line") continue;
    ++judged;
    SCOPED_TRACE(given["id"].get<std::string>());
    check_path(given);
  }
  EXPECT_EQ(judged, 258U);
}

// Two habits of old clients are taken as they are meant; the rest is as the vectors say.
TEST(Grammar, JudgesEveryLineOfTheVectors) {
  std::size_t judged = 0;
  for (const auto& given : test::vector_cases("addresses.json")) {
    if (given["command"] != "line") continue;
    ++judged;
    const auto id = given["id"].get<std::string>();
    auto client = test::at_setup("mail");
    const auto codes = client.codes(from_base64(given["line"]["b64"].get<std::string>()) + "\r\n");
    const bool accepted =
        given["verdict"] == "accept" || id == "cmd-trail-sp" || id == "cmd-sp-after-colon";
    EXPECT_EQ(codes == "250", accepted) << id << ": " << codes;
    if (!accepted) EXPECT_TRUE(codes == "501" || codes == "500") << id << ": " << codes;
  }
  EXPECT_EQ(judged, 13U);
}

TEST(Grammar, TheNullPathIsForSendersOnly) {
  EXPECT_EQ(reverse("<>"), Address());
  EXPECT_FALSE(forward("<>"));
}

// RFC 5321 §4.1.1.3.
TEST(Grammar, PostmasterNeedsNoDomain) {
  EXPECT_EQ(forward("<POSTmaster>"), (Address{"postmaster", ""}));
  EXPECT_EQ(forward("<Postmaster@Example.ORG>"), (Address{"Postmaster", "example.org"}));
  EXPECT_FALSE(reverse("<postmaster>"));
}

// RFC 5321 §4.1.2: both forms name one mailbox.
TEST(Grammar, QuotesThatMeanNothingAreDropped) {
  EXPECT_EQ(forward("<\"joe\"@example.org>"), forward("<joe@example.org>"));
  EXPECT_EQ(forward("<\"j\\oe\"@example.org>"), forward("<joe@example.org>"));
  EXPECT_EQ(forward("<\"a\\\" b\"@example.org>")->local_part, "a\" b");
}

// RFC 5321 §4.5.3.1.1 and §4.5.3.1.2.
TEST(Grammar, LimitsTheLocalPartAndTheDomain) {
  EXPECT_TRUE(forward("<" + std::string(64, 'x') + "@example.org>"));
  EXPECT_FALSE(forward("<" + std::string(65, 'x') + "@example.org>"));
  EXPECT_TRUE(forward("<a@" + std::string(63, 'x') + ".org>"));
  EXPECT_FALSE(forward("<a@" + std::string(64, 'x') + ".org>"));
}

TEST(Grammar, SaysWhereAndWhatItExpected) {
  EXPECT_EQ(forward("<a@-b>").error().expected, "a domain");
  EXPECT_EQ(forward("a@b>").error(), (SyntaxError{0, "'<'"}));
  EXPECT_EQ(forward("<a.b>").error(), (SyntaxError{4, "'@'"}));
}

TEST(Grammar, MailboxesAndDomainsAreTakenWhole) {
  EXPECT_EQ(parse_mailbox("a.b@Example.org", Letters::Ascii), (Address{"a.b", "example.org"}));
  EXPECT_FALSE(parse_mailbox("a@b.example ", Letters::Ascii));
  EXPECT_FALSE(parse_mailbox("<a@b.example>", Letters::Ascii));
  EXPECT_EQ(parse_domain_name("[IPv6:2001:DB8::1]", Letters::Ascii), "[IPv6:2001:db8::1]");
  EXPECT_FALSE(parse_domain_name("[192.0.2.1]x", Letters::Ascii));
}

TEST(Grammar, AHelloNameIsOneWordOfPrintableAscii) {
  EXPECT_TRUE(is_helo_name("client.example"));
  EXPECT_TRUE(is_helo_name("[192.0.2.1]"));
  EXPECT_TRUE(is_helo_name("under_score"));
  EXPECT_FALSE(is_helo_name(""));
  EXPECT_FALSE(is_helo_name("a b"));
  EXPECT_FALSE(is_helo_name("b\xc3\xbc"));
  EXPECT_FALSE(is_helo_name(std::string(256, 'a')));
}

// RFC 5321 appendix C, and RFC 788 §3.6 with a comma before the mailbox.
TEST(Grammar, S3_KeepsTheSourceRoute) {
  EXPECT_EQ(route_of("<joe@three.example>"), "");
  EXPECT_EQ(route_of("<@ONE.example:joe@three.example>"), "@one.example");
  EXPECT_EQ(route_of("<@one.example,@two.example:joe@three.example>"), "@one.example,@two.example");
  EXPECT_EQ(route_of("<@one.example,@two.example,joe@three.example>"), "@one.example,@two.example");
  for (const auto* wrong : {"<@:joe@x>", "<@one.example joe@x>", "<@one.example,:joe@x>",
                            "<@one.example,@:joe@x>", "<@one.example>", "<one.example:joe@x>"}) {
    EXPECT_EQ(route_of(wrong), "no path") << wrong;
  }
}

}  // namespace
}  // namespace outrider::smtp
