#include "outrider/deliver/mailbox.h"

#include <gmock/gmock.h>

#include "unit/deliver/post.h"

namespace outrider::deliver {
namespace {

namespace fs = std::filesystem;

TEST(Mailbox, DiscardsWhereARouteSaysSo) {
  Post post;
  post.route("void.test", "discard");
  post.start();
  post.put_to("anna@void.test");
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_TRUE(post.logs("relay=discard"));
  EXPECT_TRUE(post.mailbox("sender").empty());
}

TEST(Mailbox, S4_DeliveryAddsReturnPathAndDeliveredTo) {
  Post post;
  post.start();
  post.put(envelope_to({"anna@home.test", "bert@home.test"}));
  ASSERT_TRUE(post.is_empty()) << post.log();
  for (const std::string user : {"anna", "bert"}) {
    ASSERT_EQ(post.mailbox(user).size(), 1u) << post.log();
    EXPECT_EQ(post.mailbox(user)[0], "Return-Path: <sender@home.test>\nDelivered-To: " + user +
                                         "@home.test\nSubject: hello\n\n.dots\nbody\n");
  }
  EXPECT_TRUE(post.logs("status=sent relay=local")) << post.log();
}

TEST(Mailbox, DeliveryOfLargeAndBinaryContentIsWhole) {
  Post post;
  post.start();
  std::string large = "Subject: large\r\n\r\n";
  while (large.size() < 3'000'000) large += "line of a large message\r\n";
  post.put(envelope_to({"large@home.test"}), large);
  auto binary = envelope_to({"binary@home.test"});
  binary.body = mail::BodyType::BinaryMime;
  const std::string bytes("Subject: b\r\n\r\n\0\r\n\n\r", 18);
  post.put(binary, bytes);
  ASSERT_TRUE(post.is_empty()) << post.log();
  std::erase(large, '\r');
  ASSERT_EQ(post.mailbox("large").size(), 1u);
  EXPECT_TRUE(post.mailbox("large")[0].ends_with(large));
  ASSERT_EQ(post.mailbox("binary").size(), 1u);
  EXPECT_TRUE(post.mailbox("binary")[0].ends_with(bytes));
}

TEST(Mailbox, DeliveryWaitsWhileTheFolderIsNotSafe) {
  Post post;
  fs::create_directory_symlink("/etc", post.folder / "mail");
  post.start();
  post.put_to("anna@home.test");
  EXPECT_TRUE(post.logs("status=deferred")) << post.log();
  EXPECT_TRUE(post.logs("is a symbolic link"));
  fs::remove(post.folder / "mail");
  EXPECT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(post.mailbox("anna").size(), 1u);
}

}  // namespace
}  // namespace outrider::deliver
