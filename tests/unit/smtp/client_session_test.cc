// Covers: smtp/client_replies.cc and smtp/client_transaction.cc, which work inside it.
#include "outrider/smtp/client_session.h"

#include "client_talk.h"

namespace outrider::smtp {
namespace {

using Codes = std::vector<int>;

TEST(ClientSession, SaysHelloAndLearnsTheExtensions) {
  Talk talk;
  talk.open("PIPELINING\n8bitmime\nSIZE 1000\nLIMITS RCPTMAX=2 MAILMAX=-1\nDSN");
  const auto& offered = talk.session.extensions();
  EXPECT_TRUE(offered.pipelining && offered.eight_bit_mime && offered.size && offered.dsn);
  EXPECT_EQ(offered.max_size, 1000u);
  EXPECT_EQ(offered.max_recipients, 2u);
  EXPECT_EQ(offered.max_messages, 0u);
  EXPECT_FALSE(offered.smtputf8 || offered.chunking || offered.starttls);
  EXPECT_EQ(talk.session.greeting(), "mx.example");
}

TEST(ClientSession, IgnoresSizesThatAreNoNumbers) {
  for (const std::string_view size :
       {"SIZE -1", "SIZE 18446744073709551616", "SIZE 10MB", "SIZE 0"}) {
    Talk talk;
    talk.open(size);
    EXPECT_EQ(talk.session.extensions().max_size, 0u) << size;
  }
}

TEST(ClientSession, FallsBackToHelo) {
  Talk talk;
  talk.hears("220 old\r\n");
  EXPECT_EQ(talk.says(), "EHLO client.example\r\n");
  EXPECT_TRUE(Talk::is<NeedInput>(talk.hears("502 what\r\n")));
  EXPECT_EQ(talk.says(), "HELO client.example\r\n");
  EXPECT_TRUE(Talk::is<Ready>(talk.hears("250 old\r\n")));
  EXPECT_EQ(talk.session.extensions(), Extensions{});
}

TEST(ClientSession, DoesNotFallBackUnderLmtp) {
  Talk talk({.hostname = "client.example", .lmtp = true});
  talk.hears("220 x\r\n");
  EXPECT_EQ(talk.says(), "LHLO client.example\r\n");
  EXPECT_TRUE(Talk::is<Broken>(talk.hears("502 what\r\n")));
}

TEST(ClientSession, GoesOneByOneWithoutPipelining) {
  Talk talk;
  talk.open();
  talk.session.send(to({"a", "b"}));
  EXPECT_EQ(talk.says(), "MAIL FROM:<me@example.org>\r\n");
  talk.hears("250 ok\r\n");
  EXPECT_EQ(talk.says(), "RCPT TO:<a@example.net>\r\n");
  talk.hears("250 ok\r\n");
  EXPECT_EQ(talk.says(), "RCPT TO:<b@example.net>\r\n");
  talk.hears("550 5.1.1 no\r\n");
  EXPECT_EQ(talk.says(), "DATA\r\n");
  EXPECT_TRUE(Talk::is<BodyWanted>(talk.hears("354 go\r\n")));
  talk.session.body("A: b\r\n\r\n.x\r\n");
  EXPECT_FALSE(talk.session.in_doubt());
  talk.session.body_end();
  EXPECT_TRUE(talk.session.in_doubt());
  EXPECT_EQ(talk.says(), "A: b\r\n\r\n..x\r\n.\r\n");
  EXPECT_EQ(codes(talk.hears("250 2.0.0 kept\r\n")), (Codes{250, 550}));
  EXPECT_FALSE(talk.session.in_doubt());
  EXPECT_TRUE(Talk::is<Ready>(talk.session.next()));
}

TEST(ClientSession, PipelinesTheEnvelopeInOneOutput) {
  Talk talk;
  talk.open("PIPELINING");
  talk.session.send(to({"a", "b"}));
  EXPECT_EQ(talk.says(),
            "MAIL FROM:<me@example.org>\r\nRCPT TO:<a@example.net>\r\nRCPT TO:<b@example.net>\r\n"
            "DATA\r\n");
  EXPECT_TRUE(Talk::is<BodyWanted>(talk.hears("250 ok\r\n450 later\r\n250 ok\r\n354 go\r\n")));
  talk.session.body_end();
  EXPECT_EQ(codes(talk.hears("250 kept\r\n")), (Codes{450, 250}));
}

TEST(ClientSession, BoundsWhatIsInFlight) {
  Talk talk;
  talk.open("PIPELINING");
  Transaction many = to({});
  for (int i = 0; i < 500; ++i) many.recipients.push_back({{"u", "example.net"}, {}, {}});
  talk.session.send(many);
  int commands = 0;
  for (ClientEvent event = NeedInput{}; Talk::is<NeedInput>(event);) {
    std::string replies;
    for (const char c : talk.says()) {
      if (c != '\n') continue;
      replies += ++commands == 502 ? "354 go\r\n" : "250 ok\r\n";
    }
    ASSERT_LE(replies.size(), 128 * 8u);
    ASSERT_FALSE(replies.empty());
    event = talk.hears(replies);
  }
  EXPECT_EQ(commands, 502);
  EXPECT_EQ(talk.session.phase(), "content");
}

TEST(ClientSession, SendsALoneDotWhenAllAreRefusedAndDataIsNot) {
  Talk talk;
  talk.open("PIPELINING");
  talk.session.send(to({"a"}));
  talk.says();
  EXPECT_TRUE(Talk::is<NeedInput>(talk.hears("250 ok\r\n550 no\r\n354 go\r\n")));
  EXPECT_EQ(talk.says(), ".\r\n");
  EXPECT_FALSE(talk.session.in_doubt());
  EXPECT_EQ(codes(talk.hears("250 kept nothing\r\n")), Codes{550});
}

TEST(ClientSession, ResetsBeforeTheNextWhenTheServerHoldsATransaction) {
  Talk talk;
  talk.open("PIPELINING");
  talk.session.send(to({"a"}));
  talk.says();
  EXPECT_EQ(codes(talk.hears("250 ok\r\n550 no\r\n503 no rcpt\r\n")), Codes{550});
  talk.session.send(to({"b"}));
  EXPECT_EQ(talk.says(),
            "RSET\r\nMAIL FROM:<me@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n");
  EXPECT_TRUE(Talk::is<BodyWanted>(talk.hears("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n")));
}

TEST(ClientSession, ARefusedMailAnswersAllRecipients) {
  Talk talk;
  talk.open();
  talk.session.send(to({"a", "b"}));
  EXPECT_EQ(codes(talk.hears("451 4.3.0 later\r\n")), (Codes{451, 451}));
}

TEST(ClientSession, TreatsAnOldTooManyRecipientsAsTemporary) {
  Talk talk;
  talk.open();
  talk.session.send(to({"a"}));
  talk.hears("250 ok\r\n");
  const auto event = talk.hears("552 5.5.3 too many\r\n");
  ASSERT_EQ(codes(event), Codes{452});
  EXPECT_EQ(std::get<Done>(event).results[0].reply.status, "4.5.3");
}

TEST(ClientSession, KeepsToTheServersRecipientLimit) {
  Talk talk;
  talk.open("PIPELINING\nLIMITS RCPTMAX=1");
  talk.session.send(to({"a", "b"}));
  EXPECT_EQ(talk.says(), "MAIL FROM:<me@example.org>\r\nRCPT TO:<a@example.net>\r\nDATA\r\n");
  talk.hears("250 ok\r\n250 ok\r\n354 go\r\n");
  talk.session.body_end();
  EXPECT_EQ(codes(talk.hears("250 kept\r\n")), (Codes{250, 0}));
}

TEST(ClientSession, WritesOnlyParametersThatAreOffered) {
  auto transaction = to({"a"});
  transaction.mail.size = 77;
  transaction.mail.ret = Ret::Headers;
  transaction.mail.envid = "x+y";
  transaction.mail.smtputf8 = true;
  transaction.mail.body = Body::EightBitMime;
  transaction.recipients[0].notify = {.success = true, .failure = true};
  transaction.recipients[0].orcpt = "rfc822;a=b@example.net";
  Talk rich;
  rich.open("PIPELINING\nSIZE\n8BITMIME\nSMTPUTF8\nDSN");
  rich.session.send(transaction);
  EXPECT_EQ(rich.says(),
            "MAIL FROM:<me@example.org> SIZE=77 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x+2By\r\n"
            "RCPT TO:<a@example.net> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a+3Db@example.net\r\n"
            "DATA\r\n");
  Talk poor;
  poor.open("PIPELINING");
  poor.session.send(transaction);
  EXPECT_EQ(poor.says(), "MAIL FROM:<me@example.org>\r\nRCPT TO:<a@example.net>\r\nDATA\r\n");
}

std::string local_status(std::string_view extensions, const Transaction& transaction) {
  Talk talk;
  talk.open(extensions);
  talk.session.send(transaction);
  EXPECT_EQ(talk.says(), "");
  const auto event = talk.session.next();
  const auto* done = std::get_if<Done>(&event);
  if (!done || !done->results.at(0).local) return "";
  EXPECT_TRUE(Talk::is<Ready>(talk.session.next()));
  return done->results[0].reply.status;
}

TEST(ClientSession, AnswersLocallyWhatTheServerCannotTake) {
  auto transaction = to({"a"});
  transaction.has_eight_bit = true;
  EXPECT_EQ(local_status("PIPELINING", transaction), "5.6.3");
  transaction = to({"a"});
  transaction.needs_smtputf8 = true;
  EXPECT_EQ(local_status("8BITMIME", transaction), "5.6.7");
  transaction = to({"\xc3\xa9"});
  EXPECT_EQ(local_status("8BITMIME", transaction), "5.6.7");
  transaction = to({"a"});
  transaction.mail.body = Body::BinaryMime;
  EXPECT_EQ(local_status("BINARYMIME", transaction), "5.6.1");
  transaction = to({"a"});
  transaction.mail.size = 2;
  EXPECT_EQ(local_status("SIZE 1", transaction), "5.3.4");
  EXPECT_EQ(local_status("", to({"a\r\nDATA"})), "5.1.3");
}

TEST(ClientSession, PutsNoControlByteOnACommandLine) {
  Talk talk;
  talk.open("PIPELINING\nDSN");
  auto transaction = to({"a\r\nRSET", "b"});
  transaction.mail.envid = "x\r\nQUIT";
  transaction.recipients[1].orcpt = "rfc822;b\r\nQUIT";
  talk.session.send(transaction);
  const auto said = talk.says();
  EXPECT_EQ(std::ranges::count(said, '\n'), 3) << said;
}

TEST(ClientSession, SendsChunksAndMarksTheLast) {
  Talk talk;
  talk.open("PIPELINING\nCHUNKING");
  talk.session.send(to({"a"}));
  EXPECT_EQ(talk.says(), "MAIL FROM:<me@example.org>\r\nRCPT TO:<a@example.net>\r\n");
  EXPECT_TRUE(Talk::is<BodyWanted>(talk.hears("250 ok\r\n250 ok\r\n")));
  talk.session.body("one\r\n");
  talk.session.body(".\r\n");
  talk.session.body_end();
  EXPECT_EQ(talk.says(), "BDAT 5\r\none\r\nBDAT 3 LAST\r\n.\r\n");
  EXPECT_EQ(codes(talk.hears("250 5\r\n250 kept\r\n")), Codes{250});
}

TEST(ClientSession, EndsWithAnEmptyChunkWhenTheLastIsGone) {
  Talk talk;
  talk.open("CHUNKING");
  talk.session.send(to({"a"}));
  talk.hears("250 ok\r\n");
  talk.hears("250 ok\r\n");
  talk.session.body("one\r\n");
  talk.says();
  talk.session.body_end();
  EXPECT_EQ(talk.says(), "BDAT 0 LAST\r\n");
  EXPECT_EQ(codes(talk.hears("250 5\r\n452 4.3.1 full\r\n")), Codes{452});
}

TEST(ClientSession, ARefusedChunkEndsTheTransaction) {
  Talk talk;
  talk.open("CHUNKING");
  talk.session.send(to({"a"}));
  talk.hears("250 ok\r\n");
  talk.hears("250 ok\r\n");
  talk.session.body("one\r\n");
  EXPECT_EQ(codes(talk.hears("552 5.3.4 too big\r\n")), Codes{552});
  talk.says();
  talk.session.body("two\r\n");
  talk.session.body_end();
  EXPECT_EQ(talk.says(), "");
  talk.session.send(to({"b"}));
  EXPECT_EQ(talk.says(), "RSET\r\n");
}

TEST(ClientSession, TakesOneResultARecipientUnderLmtp) {
  Talk talk({.hostname = "client.example", .lmtp = true});
  talk.open("PIPELINING");
  talk.session.send(to({"a", "b", "c"}));
  talk.hears("250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n");
  talk.session.body("x\r\n");
  talk.session.body_end();
  EXPECT_TRUE(Talk::is<NeedInput>(talk.hears("250 kept\r\n")));
  EXPECT_TRUE(talk.session.in_doubt());
  EXPECT_EQ(codes(talk.hears("452 full\r\n")), (Codes{250, 550, 452}));
}

TEST(ClientSession, NeverSendsLoneLineEnds) {
  for (const std::string_view extensions : {"", "CHUNKING"}) {
    Talk talk;
    talk.open(extensions);
    talk.session.send(to({"a"}));
    talk.hears("250 ok\r\n");
    ClientEvent event = talk.hears("250 ok\r\n");
    if (extensions.empty()) event = talk.hears("354 go\r\n");
    ASSERT_TRUE(Talk::is<BodyWanted>(event));
    talk.says();
    talk.session.body("x\n.\r\nMAIL FROM:<>\r\n");
    EXPECT_EQ(talk.says(), "");
    EXPECT_TRUE(Talk::is<Broken>(talk.session.next()));
    EXPECT_EQ(talk.session.results()[0].reply.status, "5.6.11");
    EXPECT_TRUE(talk.session.results()[0].local);
  }
}

TEST(ClientSession, BelievesAReplyThatComesBeforeTheFinalDot) {
  Talk talk;
  talk.open();
  talk.session.send(to({"a"}));
  talk.hears("250 ok\r\n");
  talk.hears("250 ok\r\n");
  talk.hears("354 go\r\n");
  talk.session.body("x\r\n");
  EXPECT_TRUE(Talk::is<Broken>(talk.hears("552 5.3.4 too big\r\n")));
  EXPECT_EQ(talk.session.results()[0].reply.code, 552);
}

TEST(ClientSession, IsInDoubtWhenTheConnectionEndsBehindTheFinalDot) {
  Talk talk;
  talk.open();
  talk.session.send(to({"a"}));
  talk.hears("250 ok\r\n");
  talk.hears("250 ok\r\n");
  talk.hears("354 go\r\n");
  talk.session.body_end();
  EXPECT_TRUE(Talk::is<NeedInput>(talk.hears("250 o")));
  talk.session.peer_closed();
  EXPECT_EQ(why(talk.session.next()), "connection closed by the server during end of content");
  EXPECT_TRUE(talk.session.in_doubt());
  EXPECT_EQ(talk.session.results()[0].reply.code, 0);
}

TEST(ClientSession, A421BreaksAnywhereWithTheServersWords) {
  Talk talk;
  talk.open();
  talk.session.send(to({"a"}));
  const auto event = talk.hears("421 4.3.2 shutting down\r\n");
  ASSERT_TRUE(Talk::is<Broken>(event));
  EXPECT_EQ(std::get<Broken>(event).reply, Reply(421, "4.3.2", "shutting down"));
  EXPECT_EQ(talk.session.results()[0].reply.code, 0);
}

TEST(ClientSession, R5_ForgetsEverythingWithTls) {
  Talk talk;
  talk.open("STARTTLS\nSIZE 5\nPIPELINING");
  talk.session.start_tls();
  EXPECT_EQ(talk.says(), "STARTTLS\r\n");
  EXPECT_TRUE(Talk::is<TlsReady>(talk.hears("220 go\r\n")));
  talk.session.tls_established();
  EXPECT_EQ(talk.says(), "EHLO client.example\r\n");
  EXPECT_TRUE(talk.session.secure());
  EXPECT_EQ(talk.session.extensions(), Extensions{});
  EXPECT_TRUE(Talk::is<Ready>(talk.hears("250-mx\r\n250 STARTTLS\r\n")));
  EXPECT_FALSE(talk.session.extensions().starttls);
}

TEST(ClientSession, R3_ReportsARefusedStartTlsAndGoesOn) {
  Talk talk;
  talk.open("STARTTLS");
  talk.session.start_tls();
  EXPECT_TRUE(Talk::is<TlsRefused>(talk.hears("454 4.7.0 not now\r\n")));
  EXPECT_TRUE(Talk::is<Ready>(talk.session.next()));
  talk.session.send(to({"a"}));
  EXPECT_TRUE(Talk::is<NeedInput>(talk.session.next()));
}

TEST(ClientSession, ResetsAndQuits) {
  Talk talk;
  talk.open();
  talk.session.reset();
  talk.says();
  EXPECT_TRUE(Talk::is<Ready>(talk.hears("250 ok\r\n")));
  talk.session.quit();
  EXPECT_EQ(talk.says(), "QUIT\r\n");
  talk.session.peer_closed();
  EXPECT_TRUE(Talk::is<Ended>(talk.session.next()));
}

}  // namespace
}  // namespace outrider::smtp
