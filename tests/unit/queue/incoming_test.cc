#include "fixture.h"

namespace outrider::queue {
namespace {

using mail::RecipientStatus;
using testing::SizeIs;

class Arriving : public QueueTest {};

std::string pattern(std::size_t bytes) {
  std::string content(bytes, '\0');
  for (std::size_t at = 0; at < bytes; ++at) content[at] = static_cast<char>(at * 31 + at / 4099);
  return content;
}

TEST_F(Arriving, ContentComesBackWhateverItsSize) {
  open();
  for (const std::size_t size : {1ul, 256ul << 10, (256ul << 10) + 1, 512ul << 10, 3'000'000ul}) {
    const std::string content = pattern(size);
    ASSERT_TRUE(put(envelope_to({"a@one.test"}), content, 7777));
    auto claim = this->claim("one.test");
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->envelope().size, size);
    EXPECT_TRUE(*read(*claim) == content) << size;
    on_loop([&] { claim->rewind(); });
    EXPECT_TRUE(*read(*claim) == content) << size;
    EXPECT_TRUE(loop_.run(queue_->content(claim->id(), SIZE_MAX)) == content);
    finish(std::move(claim), {outcome(0, RecipientStatus::Relayed)});
  }
  EXPECT_TRUE(eventually([&] { return queue_->counts().messages == 0; }));
}

TEST_F(Arriving, TheFileOfALargeMessageLivesAsLongAsItsRecord) {
  open();
  const std::string content = options_.path + "/content";
  put(envelope_to({"a@one.test", "b@two.test"}), pattern(1 << 20));
  put(envelope_to({"a@three.test"}), pattern(256 << 10));
  const auto files = [&] {
    return std::distance(std::filesystem::directory_iterator(content), {});
  };
  EXPECT_EQ(files(), 1);
  finish(claim("one.test"), {outcome(0, RecipientStatus::Relayed)});
  reopen();
  auto claim = this->claim("two.test");
  EXPECT_TRUE(*read(*claim) == pattern(1 << 20));
  finish(std::move(claim), {outcome(1, RecipientStatus::Relayed)});
  EXPECT_TRUE(eventually([&] { return files() == 0; }, 5s));
}

TEST_F(Arriving, AClosedQueueTakesNoMoreOfALargeMessage) {
  open();
  std::unique_ptr<Incoming> incoming;
  on_loop([&] { incoming = queue_->begin(); });
  close();
  auto task = [&]() -> awaitable<Result<void>> {
    const std::string content = pattern(1 << 20);
    auto result = co_await incoming->append(content);
    co_return result;
  };
  EXPECT_THAT(loop_.run(task()).error().text(), testing::HasSubstr("closed"));
}

TEST_F(Arriving, PartsAreAtMostOneChunk) {
  open();
  put(envelope_to({"a@one.test"}), pattern(1 << 20));
  auto claim = this->claim("one.test");
  auto task = [&]() -> awaitable<std::size_t> {
    const auto part = co_await claim->read();
    co_return part->size();
  };
  EXPECT_EQ(loop_.run(task()), 256u << 10);
  give_back(std::move(claim));
}

TEST_F(Arriving, WithoutCommitNothingStays) {
  open();
  auto task = [&]() -> awaitable<void> {
    const auto incoming = queue_->begin();
    const std::string content = pattern(1 << 20);
    EXPECT_TRUE(co_await incoming->append(content));
  };
  loop_.run(task());
  EXPECT_EQ(queue_->counts().messages, 0u);
  EXPECT_TRUE(eventually([&] { return std::filesystem::is_empty(options_.path + "/content"); }));
  reopen();
  EXPECT_THAT(list(), SizeIs(0));
  EXPECT_FALSE(claim("one.test", 10ms));
}

TEST_F(Arriving, LittleSpaceClosesTheDoorAndSpaceOpensItAgain) {
  std::atomic<std::uint64_t> free = 10'000;
  options_.least_free_bytes = 5'000;
  options_.free_bytes = [&] { return free.load(); };
  open();
  EXPECT_TRUE(queue_->accepting());
  free = 4'999;
  EXPECT_TRUE(eventually([&] { return !queue_->accepting(); }, 3s));
  EXPECT_TRUE(
      eventually([&] { return log_text().find("status=not-accepting") != std::string::npos; }, 3s));
  EXPECT_FALSE(put(envelope_to({"a@one.test"}), pattern(1 << 20)));
  free = 5'000;
  EXPECT_TRUE(eventually([&] { return queue_->accepting(); }, 3s));
  EXPECT_TRUE(put(envelope_to({"a@one.test"})));
}

TEST_F(Arriving, ManyAtOnceShareTheirSyncsAndAllComeBack) {
  open();
  auto one = [&](int number) -> awaitable<void> {
    const auto incoming = queue_->begin();
    const std::string content = std::to_string(number);
    EXPECT_TRUE(co_await incoming->append(content));
    mail::Envelope envelope = envelope_to({"a@one.test"});
    EXPECT_TRUE(co_await incoming->commit(std::move(envelope)));
  };
  std::vector<std::future<void>> all;
  for (int at = 0; at < 500; ++at)
    all.push_back(boost::asio::co_spawn(loop_.executor(), one(at), boost::asio::use_future));
  for (auto& each : all) each.get();
  EXPECT_EQ(queue_->counts().messages, 500u);
  std::set<std::string> seen;
  for (int at = 0; at < 500; ++at) {
    auto claim = this->claim("one.test");
    ASSERT_TRUE(claim);
    seen.insert(*read(*claim));
    finish(std::move(claim), {outcome(0, RecipientStatus::Relayed)});
  }
  EXPECT_EQ(seen.size(), 500u);
}

TEST_F(Arriving, FreshMessagesBeyondTheMemoryAreReadFromDisk) {
  options_.body_memory = 100 << 10;
  open();
  const std::string content = pattern(20 << 10);
  for (int at = 0; at < 20; ++at) put(envelope_to({"a@one.test"}), content);
  for (int at = 0; at < 20; ++at) {
    auto claim = this->claim("one.test");
    ASSERT_TRUE(claim);
    EXPECT_TRUE(*read(*claim) == content);
    finish(std::move(claim), {outcome(0, RecipientStatus::Relayed)});
  }
  EXPECT_TRUE(eventually([&] { return queue_->counts().messages == 0; }));
}

TEST_F(Arriving, AThousandRecipientsOfAThousandDomains) {
  open();
  std::vector<std::string> recipients;
  for (int at = 0; at < 1000; ++at) recipients.push_back("a@d" + std::to_string(at) + ".test");
  put(envelope_to(recipients));
  std::vector<std::unique_ptr<Claim>> claims;
  for (int at = 0; at < 1000; ++at) {
    claims.push_back(claim("d" + std::to_string(at) + ".test"));
    ASSERT_TRUE(claims.back());
  }
  for (auto& claim : claims) {
    const auto recipient = claim->recipients()[0];
    finish(std::move(claim), {outcome(recipient, RecipientStatus::Relayed)});
  }
  EXPECT_TRUE(eventually([&] { return queue_->counts().messages == 0; }, 10s));
}

}  // namespace
}  // namespace outrider::queue
