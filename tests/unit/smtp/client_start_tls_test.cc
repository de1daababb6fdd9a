// STARTTLS on the client's side, in both forms: RFC 3207 and draft-hoffman-smtp-ssl-00.
#include "client_talk.h"

namespace outrider::smtp {
namespace {

const std::vector<std::string> ours{"TLS1.3", "TLS1.2"};

// The token to begin the handshake with; `refused`, `broken`, `waits` where there is none.
std::string token_of(const ClientEvent& event) {
  if (const auto* ready = std::get_if<TlsReady>(&event)) return ready->token;
  if (Talk::is<TlsRefused>(event)) return "refused";
  return Talk::is<Broken>(event) ? "broken" : "waits";
}

TEST(ClientStartTls, H7_ReadsTheKeywordOfTheDraft) {
  Talk talk;
  talk.open("TLS TLS1.0 SSL3.0\nSIZE 10");
  const auto& offered = talk.session.extensions();
  EXPECT_TRUE(offered.draft_tls);
  EXPECT_FALSE(offered.starttls);
  EXPECT_EQ(offered.tls_tokens, (std::vector<std::string>{"TLS1.0", "SSL3.0"}));
}

TEST(ClientStartTls, H7_KeepsFewTokensOfAServerThatListsMany) {
  std::string line = "TLS";
  for (int i = 0; i < 100; ++i) line += " X" + std::to_string(i);
  Talk talk;
  talk.open(line);
  EXPECT_EQ(talk.session.extensions().tls_tokens.size(), 16u);
  Talk other;
  other.open("TLS " + std::string(300, 'x'));
  EXPECT_TRUE(other.session.extensions().tls_tokens.empty());
}

// Section 6, the first example.
TEST(ClientStartTls, H7_StartsWithTheTokenThatIsListed) {
  Talk talk;
  talk.open("TLS TLS1.2 SSL3.0");
  talk.session.start_tls(tokens_to_ask(talk.session.extensions().tls_tokens, ours));
  EXPECT_EQ(talk.says(), "STARTTLS TLS1.2\r\n");
  EXPECT_EQ(token_of(talk.hears("220 Go ahead with TLS1.2\r\n")), "TLS1.2");
}

// Section 6, the second example.
TEST(ClientStartTls, H7_TriesALowerTokenAfter504) {
  Talk talk;
  talk.open("TLS");
  talk.session.start_tls(tokens_to_ask(talk.session.extensions().tls_tokens, ours));
  EXPECT_EQ(talk.says(), "STARTTLS TLS1.3\r\n");
  EXPECT_EQ(token_of(talk.hears("504 Sorry, I don't know how to TLS1.3\r\n")), "waits");
  EXPECT_EQ(talk.says(), "STARTTLS TLS1.2\r\n");
  EXPECT_EQ(token_of(talk.hears("220 Go ahead\r\n")), "TLS1.2");
}

TEST(ClientStartTls, H7_IsRefusedByTheLast504AndByTheOtherCodesAtOnce) {
  for (const std::string_view reply : {"501 syntax\r\n", "554 not for you\r\n", "454 later\r\n"}) {
    Talk talk;
    talk.open("TLS");
    talk.session.start_tls(ours);
    EXPECT_EQ(token_of(talk.hears(reply)), "refused") << reply;
  }
  Talk talk;
  talk.open("TLS");
  talk.session.start_tls({"TLS1.2"});
  EXPECT_EQ(token_of(talk.hears("504 unknown\r\n")), "refused");
  EXPECT_TRUE(Talk::is<Ready>(talk.session.next())) << "the conversation goes on in clear";
}

TEST(ClientStartTls, R2_ASecondReplyBehindThe504IsNoAnswerToTheNextToken) {
  Talk talk;
  talk.open("TLS");
  talk.session.start_tls(ours);
  talk.says();
  EXPECT_EQ(token_of(talk.hears("504 no\r\n220 go\r\n")), "broken");
  EXPECT_EQ(talk.says(), "");
}

TEST(ClientStartTls, R5_ForgetsAllThatItLearnedBefore) {
  Talk talk;
  talk.open("STARTTLS\nSIZE 5\nPIPELINING\nDSN\nTLS TLS1.2");
  talk.session.start_tls();
  EXPECT_EQ(token_of(talk.hears("220 go\r\n")), "");
  talk.says();
  talk.session.tls_established();
  EXPECT_EQ(talk.session.extensions(), Extensions());
  EXPECT_EQ(talk.session.greeting(), "");
  EXPECT_EQ(talk.says(), "EHLO client.example\r\n");
  EXPECT_TRUE(Talk::is<Ready>(talk.hears("250-mx\r\n250 SIZE 77\r\n")));
  EXPECT_EQ(talk.session.extensions().max_size, 77u);
  EXPECT_FALSE(talk.session.extensions().dsn);
}

TEST(ClientStartTls, R6_NeverStartsTwice) {
  Talk talk;
  talk.open("STARTTLS\nTLS TLS1.2");
  talk.session.start_tls();
  talk.hears("220 go\r\n");
  talk.session.tls_established();
  EXPECT_TRUE(Talk::is<Ready>(talk.hears("250-mx\r\n250-STARTTLS\r\n250 TLS TLS1.3\r\n")));
  EXPECT_FALSE(talk.session.extensions().starttls);
  EXPECT_FALSE(talk.session.extensions().draft_tls);
  Talk implicit({.hostname = "client.example"}, true);
  implicit.open("STARTTLS\nTLS TLS1.2");
  EXPECT_FALSE(implicit.session.extensions().starttls);
  EXPECT_FALSE(implicit.session.extensions().draft_tls);
}

TEST(ClientStartTls, R7_H5_QuitsAtOnceWhereWhatWasNegotiatedIsTooWeak) {
  Talk talk;
  talk.open("STARTTLS");
  talk.session.start_tls();
  talk.hears("220 go\r\n");
  talk.says();
  talk.session.tls_too_weak();
  EXPECT_EQ(talk.says(), "QUIT\r\n");
  EXPECT_TRUE(Talk::is<Ended>(talk.hears("221 bye\r\n")));
}

// What came in clear is dropped before the handshake is judged, too.
TEST(ClientStartTls, R2_BytesBehindThe220EndItEvenWhenTheyComeLate) {
  for (const std::string_view late : {"2", "250 injected\r\n", "\r\n", "\0"}) {
    Talk talk;
    talk.open("STARTTLS");
    talk.session.start_tls();
    EXPECT_TRUE(Talk::is<TlsReady>(talk.hears("220 go\r\n")));
    const auto room = talk.session.prepare();
    std::memcpy(room.data(), late.data(), std::max<std::size_t>(late.size(), 1));
    talk.session.received(std::max<std::size_t>(late.size(), 1));
    talk.says();
    talk.session.tls_established();
    EXPECT_TRUE(Talk::is<Broken>(talk.session.next()));
    EXPECT_EQ(talk.says(), "") << "nothing of before is said inside TLS";
  }
}

}  // namespace
}  // namespace outrider::smtp
