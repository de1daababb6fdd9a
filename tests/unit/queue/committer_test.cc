// The commit thread on a disk that fails: what is promised and what is not.
#include "outrider/queue/committer.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include "fixture.h"
#include "outrider/queue/fresh.h"

namespace outrider::queue {
namespace {

using mail::RecipientStatus;
using testing::HasSubstr;
using testing::SizeIs;

class FullDisk : public QueueTest {
 protected:
  void SetUp() override {
    disk_ = folder_ / "disk";
    ASSERT_EQ(mkdir(disk_.c_str(), 0700), 0);
    mounted_ = mount("tmpfs", disk_.c_str(), "tmpfs", 0, "size=24m,mode=0700") == 0;
    if (!mounted_) GTEST_SKIP() << "needs the right to mount a tmpfs";
    options_.path = disk_ + "/queue";
  }
  void TearDown() override {
    close();
    if (mounted_) umount2(disk_.c_str(), MNT_DETACH);
  }
  void fill_with_messages_of(std::size_t size);

  std::string disk_;
  bool mounted_ = false;
};

void FullDisk::fill_with_messages_of(std::size_t size) {
  open();
  const auto kept = *put(envelope_to({"a@one.test"}));
  auto claim = this->claim("one.test");
  ASSERT_TRUE(claim);
  std::set<MessageId> accepted{kept};
  for (;;) {
    const auto id = put(envelope_to({"b@two.test"}), std::string(size, 'x'));
    if (!id) break;
    accepted.insert(*id);
    ASSERT_LT(accepted.size(), 500u);
  }
  // A file that does not fit is no fault of the store.
  const bool filed = size > chunk_bytes;
  EXPECT_TRUE(eventually([&] { return queue_->accepting() == filed; }, 3s));
  // It was delivered: that is recorded as soon as it can be, and not forgotten.
  finish(std::move(claim), {outcome(0, RecipientStatus::Relayed)});
  ASSERT_EQ(mount("tmpfs", disk_.c_str(), "tmpfs", MS_REMOUNT, "size=300m"), 0);
  ASSERT_TRUE(eventually([&] { return queue_->accepting(); }, 15s)) << log_text();
  accepted.erase(kept);
  EXPECT_TRUE(eventually([&] { return queue_->counts().messages == accepted.size(); }, 5s));
  accepted.insert(*put(envelope_to({"c@two.test"})));
  reopen();
  std::set<MessageId> found;
  for (const Item& item : list()) found.insert(item.id);
  EXPECT_EQ(found, accepted);
  for (const MessageId id : found)
    EXPECT_TRUE(loop_.run(queue_->content(id, SIZE_MAX))) << id.text();
}

TEST_F(FullDisk, NothingAcceptedIsLostAndNothingRefusedIsKept) { fill_with_messages_of(200'000); }

TEST_F(FullDisk, NorAreFilesOfLargeMessages) {
  fill_with_messages_of(700'000);
  EXPECT_THAT(log_text(), HasSubstr("content/"));
  EXPECT_THAT(log_text(), HasSubstr("No space left"));
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(options_.path + "/content"))
    files += file.exists();
  EXPECT_EQ(files, list().size() - 1);  // the last one is small
}

TEST_F(QueueTest, AClosedQueueAnswersWhoStillHoldsAMessage) {
  open();
  std::unique_ptr<Incoming> incoming;
  on_loop([&] { incoming = queue_->begin(); });
  close();
  auto task = [&]() -> awaitable<Result<MessageId>> {
    mail::Envelope envelope = envelope_to({"a@one.test"});
    auto result = co_await incoming->commit(std::move(envelope));
    co_return result;
  };
  const auto refused = loop_.run(task());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("closed"));
}

TEST_F(QueueTest, ACleanStopKeepsWhatRodeAlong) {
  open();
  put(envelope_to({"a@one.test"}));
  finish(claim("one.test"), {outcome(0, RecipientStatus::Pending)});
  EXPECT_TRUE(eventually([&] { return queue_->counts().deferred == 1; }));
  reopen();
  EXPECT_EQ(list()[0].attempts, 1u);
}

}  // namespace
}  // namespace outrider::queue
