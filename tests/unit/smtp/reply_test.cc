#include "outrider/smtp/reply.h"

#include <gtest/gtest.h>

namespace outrider::smtp {
namespace {

TEST(Reply, IsWrittenWithItsStatus) {
  EXPECT_EQ(Reply(550, "5.1.1", "no such user").wire(), "550 5.1.1 no such user\r\n");
  EXPECT_EQ(Reply(354, "", "go on").wire(), "354 go on\r\n");
  EXPECT_EQ(Reply(250, "", "").wire(), "250 \r\n");
}

// RFC 5321 §4.2.1, RFC 2034 §3: each line has code and status.
TEST(Reply, EachLineBeginsWithCodeAndStatus) {
  EXPECT_EQ(Reply(250, "", "mx.example\nPIPELINING\nDSN").wire(),
            "250-mx.example\r\n250-PIPELINING\r\n250 DSN\r\n");
  EXPECT_EQ(Reply(550, "5.7.1", "a\nb").wire(), "550-5.7.1 a\r\n550 5.7.1 b\r\n");
  EXPECT_EQ(Reply(250, "", "a\n").wire(), "250-a\r\n250 \r\n");
}

// RFC 5321 §4.5.3.1.5.
TEST(Reply, NoLineIsLongerThan512Bytes) {
  const auto wire = Reply(550, "5.7.1", std::string(2000, 'x')).wire();
  std::size_t start = 0, letters = 0;
  while (start < wire.size()) {
    const auto end = wire.find("\r\n", start);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end + 2 - start, 512U);
    EXPECT_EQ(wire[start + 3], end + 2 == wire.size() ? ' ' : '-');
    EXPECT_EQ(wire.substr(start + 4, 6), "5.7.1 ");
    letters += end - start - 10;
    start = end + 2;
  }
  EXPECT_EQ(letters, 2000U);
}

TEST(Reply, IsOneLineInALog) {
  EXPECT_EQ(Reply(550, "5.1.1", "no such\nuser").line(), "550 5.1.1 no such user");
  EXPECT_EQ(Reply(220, "", "").line(), "220");
}

TEST(Reply, IsPositiveTransientOrPermanent) {
  EXPECT_TRUE(Reply(250, "", "").positive());
  EXPECT_TRUE(Reply(354, "", "").positive());
  EXPECT_TRUE(Reply(451, "", "").transient());
  EXPECT_TRUE(Reply(550, "", "").permanent());
  EXPECT_FALSE(Reply(451, "", "").positive() || Reply(451, "", "").permanent());
  EXPECT_FALSE(Reply().positive());
}

// RFC 2034 §4: the first digits agree.
TEST(Reply, TheTableAgreesWithItself) {
  for (const auto& reply : {replies::ok,
                            replies::sender_ok,
                            replies::recipient_ok,
                            replies::start_tls,
                            replies::bye,
                            replies::shutting_down,
                            replies::too_many_errors,
                            replies::no_space,
                            replies::cannot_keep,
                            replies::no_tls_now,
                            replies::line_too_long,
                            replies::bad_sender,
                            replies::bad_recipient,
                            replies::hello_first,
                            replies::other_protocol,
                            replies::unknown_user,
                            replies::too_large,
                            replies::needs_smtputf8,
                            replies::mail_loop,
                            replies::unknown_parameter}) {
    EXPECT_EQ(reply.status[0] - '0', reply.code / 100) << reply.text;
    EXPECT_LT(reply.text.size(), 400U);
  }
}

}  // namespace
}  // namespace outrider::smtp
