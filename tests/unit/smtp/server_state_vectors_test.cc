// Order, desynchronisation and limits: state.json and limits.json of tests/vectors. One row a
// case; each is one of the outcomes that the case calls safe, where no reason is given.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/vectors.h"

namespace outrider::smtp {
namespace {

using nlohmann::json;
using test::at_setup;
using test::Cut;
using test::Dialogue;
using test::vector_bytes;
using test::vector_cases;

enum class Then { Goes, Closes };

struct Row {
  std::string_view id, codes;
  Then then = Then::Goes;
};

constexpr Row state_rows[] = {
    {"seq-data-first", "503"},
    {"seq-rcpt-first", "503"},
    {"seq-mail-first", "503"},
    {"seq-data-norcpt", "503"},
    {"seq-mail-mail", "503"},
    {"seq-ehlo-mid", "250 503"},
    {"seq-helo-mid", "250 503"},
    {"seq-rset-keeps-tls-auth", "250 503"},
    {"seq-quit-more", "221", Then::Closes},
    {"seq-quit-twice", "221", Then::Closes},
    {"desync-eod-reject", "550 503 503"},
    {"desync-bdat-fail-data", "501", Then::Closes},
    {"desync-utf8-vrfy", "501 354"},
    {"desync-rcpt-fail", "250 250 501 250 354"},
    // MAIL inside of refused content: the first line of the content ends the session.
    {"desync-mail-fail-pipeline", "501 503 503 521", Then::Closes},
    {"desync-data-refused", "503 521", Then::Closes},
    // Who speaks first is seen by the connection, not by the session.
    {"early-talk", "250 250"},
    // The session cannot see that the reply was not awaited: tolerable, says the case.
    {"early-data", "354 250"},
    {"pipeline-unadvertised", "250 250 250"},
    {"helo-8bit", "555"},
    {"case-verbs", "250 250"},
    {"auth-plain-no-tls", "502"},
    // AUTH is not served: there is no authenticated session, and 502 in any other.
    {"auth-twice", ""},
    {"auth-in-mail", "502"},
    {"size-lie", "250 250 354 250"},
    {"size-neg", "501"},
    {"size-u64", "552"},
    {"size-hex", "501"},
    {"size-empty", "501"},
    {"size-20digits", "552"},
    {"size-21digits", "501"},
    {"size-plus", "501"},
    {"size-two", "501"},
    {"size-frac", "501"},
    {"xproto-proxy1", "502"},
    {"xproto-xclient", "502"},
    {"xproto-xforward", "502"},
    // Empty lines are refused, and the line with a NUL ends it.
    {"xproto-proxy2", "500 500 521", Then::Closes},
};

// All xproto-* without a row of their own.
constexpr Row other_protocol{"xproto-", "521", Then::Closes};

void check_state(const json& given, Cut cut) {
  const auto id = given["id"].get<std::string>();
  if (id == "auth-twice") return;
  const auto* row = std::ranges::find(state_rows, id, &Row::id);
  if (row == std::end(state_rows)) {
    ASSERT_TRUE(id.starts_with("xproto-")) << "a case without a row";
    row = &other_protocol;
  }
  auto client = at_setup(given["setup"]);
  if (id == "desync-eod-reject") client.at_end = {Reply(550, "5.7.1", "no")};
  std::string bytes;
  for (const auto& step : given["send"]) bytes += vector_bytes(step);
  EXPECT_EQ(client.codes(bytes, cut), row->codes);
  EXPECT_EQ(client.closed(), row->then == Then::Closes);
  const auto& senders = client.senders();
  EXPECT_TRUE(std::ranges::none_of(
      senders, [](const auto& mail) { return mail.reverse_path.local_part == "evil"; }));
}

TEST(ServerStateVectors, EveryCommandHasOneReplyAndItsPlace) {
  const auto cases = vector_cases("state.json");
  EXPECT_EQ(cases.size(), 55U);
  for (const auto& given : cases) {
    SCOPED_TRACE(given["id"].get<std::string>());
    for (const auto cut : {test::whole, test::by_line, test::by_byte}) {
      SCOPED_TRACE(cut.text());
      check_state(given, cut);
    }
  }
}

// How the replies of a flood begin and end.
struct Limit {
  std::string_view id, first, last;
  Then then = Then::Goes;
};

constexpr Limit limit_rows[] = {
    {"line-512", "250", "250"},
    {"line-2048", "250", "250"},
    {"line-4097", "500", "500", Then::Closes},
    {"line-1g", "500", "500", Then::Closes},
    {"rcpt-100", "250", "250"},
    {"rcpt-1001", "250", "250 452"},
    {"rcpt-1m", "250", "452 421", Then::Closes},
    {"rcpt-same", "250", "250"},
    {"rcpt-unknown-500", "550", "550 421", Then::Closes},
    {"vrfy-harvest", "252", "252 502"},
    {"noop-flood", "250", "250 421", Then::Closes},
    {"rset-flood", "250", "250 421", Then::Closes},
    {"ehlo-flood", "250", "250 421", Then::Closes},
    {"bad-flood", "500", "500 421", Then::Closes},
    {"empty-flood", "500", "500 421", Then::Closes},
    {"size-inf", "552", "552", Then::Closes},
    {"header-count", "250", "250"},
    {"domain-fanout", "250", "250"},
    {"noread", "250", "250 421", Then::Closes},
};

// They need a clock, a socket, a disk, the queue or a parser of content.
constexpr std::string_view judged_elsewhere[] = {
    "line-nolf-slow", "banner-wait", "connect-flood",   "fd-exhaust", "abort-loop",
    "header-collide", "queueid",     "dsn-backscatter", "dsn-loop",   "auto-loop",
    "bomb-gzip",      "mime-depth",  "header-bytes",    "size-over"};

void check_limit(const json& given, const Limit& row) {
  // The default sizes are tried with the system; here it takes a smaller one.
  auto options = test::mx_options();
  if (row.id == "size-inf") options.limits.message_size = 1 << 16;
  Dialogue client(options);
  const auto setup = given["setup"].get<std::string>();
  if (setup != "connect") client.says("EHLO x.example\r\n");
  if (setup == "mail" || setup == "data") client.says("MAIL FROM:<a@example.org>\r\n");
  if (setup == "data") client.says("RCPT TO:<b@example.net>\r\nDATA\r\n");
  if (row.id == "rcpt-unknown-500") {
    client.on_recipient = [](const auto&) { return Reply(replies::unknown_user); };
  }
  std::string bytes;
  for (const auto& step : given["send"]) bytes += vector_bytes(step, 4000);
  const auto codes = client.codes(bytes, test::whole);
  EXPECT_TRUE(codes.starts_with(row.first)) << codes;
  EXPECT_TRUE(codes.ends_with(row.last)) << codes;
  EXPECT_EQ(client.closed(), row.then == Then::Closes);
}

TEST(ServerStateVectors, FloodsEndAndHonestLoadIsServed) {
  std::size_t judged = 0;
  for (const auto& given : vector_cases("limits.json")) {
    const auto id = given["id"].get<std::string>();
    SCOPED_TRACE(id);
    const auto* row = std::ranges::find(limit_rows, id, &Limit::id);
    if (row == std::end(limit_rows)) {
      EXPECT_EQ(std::ranges::count(judged_elsewhere, id), 1) << "a case without a row";
      continue;
    }
    ++judged;
    check_limit(given, *row);
  }
  EXPECT_EQ(judged, std::size(limit_rows));
}

}  // namespace
}  // namespace outrider::smtp
