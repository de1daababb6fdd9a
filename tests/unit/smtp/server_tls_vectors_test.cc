// The server's side of STARTTLS: starttls.json of tests/vectors. What happens on the wire of TLS
// itself is judged where TLS is.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "support/vectors.h"

namespace outrider::smtp {
namespace {

using nlohmann::json;
using test::at_setup;
using test::by_byte;
using test::Cut;
using test::cut_at;
using test::Dialogue;
using test::vector_bytes;
using test::vector_cases;
using test::whole;

std::size_t replies_in(std::string_view codes) { return (codes.size() + 1) / 4; }

// RFC 3207 §4.2, CVE-2011-0411: never a reply to what was said in clear text behind STARTTLS.
void check_injected(const std::string& bytes, Cut cut) {
  auto client = at_setup("ehlo");
  const auto codes = client.codes(bytes, cut);
  if (!client.handshaking()) {
    EXPECT_EQ(codes, "554");
    EXPECT_TRUE(client.closed());
    return;
  }
  EXPECT_EQ(codes, "220");
  EXPECT_EQ(client.unheard(), bytes.size() - bytes.find('\n') - 1);
  client.tls();
  EXPECT_EQ(client.codes("EHLO tls.example\r\n"), "250");
  EXPECT_EQ(client.session().helo(), "tls.example");
  EXPECT_TRUE(client.senders().empty());
}

TEST(ServerTlsVectors, R2_InjectedPlaintextIsNeverAnswered) {
  std::size_t judged = 0;
  for (const auto& given : vector_cases("starttls.json")) {
    const auto id = given["id"].get<std::string>();
    if (!id.starts_with("inj-")) continue;
    ++judged;
    SCOPED_TRACE(id);
    std::string bytes;
    for (const auto& step : given["steps"]) {
      if (step.contains("send")) bytes += vector_bytes(step["send"]);
    }
    ASSERT_TRUE(bytes.starts_with("STARTTLS"));
    std::vector<Cut> cuts{whole, test::by_line};
    if (bytes.size() < 5000) cuts.push_back(by_byte);
    for (std::size_t at = 1; at < std::min<std::size_t>(bytes.size(), 150); ++at) {
      cuts.push_back(cut_at(at));
    }
    for (const auto cut : cuts) {
      SCOPED_TRACE(cut.text());
      check_injected(bytes, cut);
    }
  }
  EXPECT_GT(judged, 50U);
}

// What is said and what the replies are, before and inside TLS; `-` is where the handshake is.
struct Row {
  std::string_view id, codes;
};
constexpr Row rows[] = {
    // A transaction is open: the vector allows 503 for STARTTLS, and then nothing is in TLS.
    {"state-mail", "250 503"},
    {"state-rcpt", "250 250 503"},
    {"state-ehlo-only", "220 - 503"},
    // AUTH is not served; after it nothing is known that TLS could carry over.
    {"state-auth", "502 220 - 250 250"},
    {"helo-name", "250 220 - 250"},
    {"again", "503"},
    {"arg", "501"},
    {"before-ehlo", "503"},
    {"helo-only", "220"},
    {"case", "220"},
    {"lf", "500"},
    {"trailing-sp", "220"},
    {"advertise-none", "454"},
    {"plain-after-220", "220"},
};

std::string played(const json& given) {
  auto client = at_setup(given["setup"]);
  if (given["id"] == "advertise-none") client.tls_works = false;
  std::string codes;
  const auto add = [&](std::string_view more) {
    if (!more.empty()) codes.append(codes.empty() ? "" : " ").append(more);
  };
  for (const auto& step : given["steps"]) {
    if (step.contains("send")) add(client.codes(vector_bytes(step["send"])));
    if (step.contains("tls") && client.handshaking()) {
      client.tls();
      add("-");
    }
    if (step.contains("tls_send") && client.session().secure()) {
      add(client.codes(vector_bytes(step["tls_send"])));
    }
  }
  return codes;
}

TEST(ServerTlsVectors, R5_TheStateBeforeTlsIsForgotten) {
  std::map<std::string, std::string> found;
  for (const auto& given : vector_cases("starttls.json")) {
    const auto id = given["id"].get<std::string>();
    if (std::ranges::find(rows, id, &Row::id) != std::end(rows)) found[id] = played(given);
  }
  EXPECT_EQ(found.size(), std::size(rows));
  for (const auto& row : rows) EXPECT_EQ(found[std::string(row.id)], row.codes) << row.id;
}

// The 1997 draft on a listener that speaks it: replies, then what becomes of the connection.
struct DraftRow {
  std::string_view id, codes, then;
};
constexpr DraftRow draft_rows[] = {
    {"hoffman-token", "220", "waits"},
    {"hoffman-no-token", "501", "goes on"},
    {"hoffman-two-tokens", "501", "goes on"},
    {"hoffman-ssl3", "504", "goes on"},
    {"hoffman-bogus", "504", "goes on"},
    {"hoffman-long-token", "504", "goes on"},
    {"hoffman-cmd-between", "220 250", "waits"},
    {"hoffman-cmd-then-hello-same-segment", "220 250", "handshake"},
    {"hoffman-half-cmd-then-hello", "220 554", "closed"},
    {"hoffman-hello-then-letter", "220", "handshake"},
};

std::string_view fate(Dialogue& client) {
  if (client.closed()) return "closed";
  if (client.handshaking()) return "handshake";
  return client.session().awaits_tls() ? "waits" : "goes on";
}

// draft-hoffman-smtp-ssl §5: commands and TLS are told apart by the first byte of a line.
TEST(ServerTlsVectors, H2_H4_TheDraftHoldsHoweverItArrives) {
  std::size_t judged = 0;
  for (const auto& given : vector_cases("starttls.json")) {
    const auto id = given["id"].get<std::string>();
    const auto* row = std::ranges::find(draft_rows, id, &DraftRow::id);
    if (row == std::end(draft_rows)) continue;
    ++judged;
    const auto bytes = vector_bytes(given["steps"][0]["send"]);
    std::vector<Cut> cuts{whole, test::by_line, by_byte};
    for (std::size_t at = 1; at < bytes.size(); ++at) cuts.push_back(cut_at(at));
    for (const auto cut : cuts) {
      SCOPED_TRACE(id + ", " + cut.text());
      Dialogue client(test::draft_options());
      client.says("EHLO before.example\r\n");
      EXPECT_EQ(client.codes(bytes, cut), row->codes);
      EXPECT_EQ(fate(client), row->then);
      if (row->then != "handshake") continue;
      client.tls();
      EXPECT_EQ(client.replies().substr(client.replies().size() - 2), "\r\n");
      EXPECT_EQ(client.session().helo(), "");
      EXPECT_EQ(client.codes("MAIL FROM:<a@example.org>\r\n"), "503");
    }
  }
  EXPECT_EQ(judged, std::size(draft_rows));
}

// What the draft says is refused by RFC 3207 §4: STARTTLS takes no parameter.
TEST(ServerTlsVectors, R1_TheDraftIsNotServedByDefault) {
  for (const auto& given : vector_cases("starttls.json")) {
    const auto id = given["id"].get<std::string>();
    if (!id.starts_with("hoffman-") || id == "hoffman-no-token") continue;
    auto client = at_setup("ehlo");
    const auto bytes = vector_bytes(given["steps"][0]["send"]);
    const auto codes = client.codes(bytes.substr(0, bytes.find('\n') + 1));
    EXPECT_EQ(codes, "501") << id;
    EXPECT_EQ(replies_in(codes), 1U);
  }
}

// All others need a TLS implementation or a listener that is not SMTP's: named here, so that a
// new case is not forgotten.
TEST(ServerTlsVectors, EveryCaseIsJudgedSomewhere) {
  for (const auto& given : vector_cases("starttls.json")) {
    const auto id = given["id"].get<std::string>();
    const bool here =
        id.starts_with("inj-") || std::ranges::find(rows, id, &Row::id) != std::end(rows);
    const bool of_tls = id.starts_with("wire-") || id.starts_with("tls-") ||
                        id.starts_with("trunc-") || id == "handshake-fail-plain" ||
                        id == "close-notify-then-plain";
    const bool of_the_draft =
        std::ranges::find(draft_rows, id, &DraftRow::id) != std::end(draft_rows);
    EXPECT_TRUE(here || of_tls || of_the_draft) << id;
  }
}

}  // namespace
}  // namespace outrider::smtp
