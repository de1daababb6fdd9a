#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "fixture.h"
#include "outrider/queue/ledger.h"
#include "outrider/queue/record.h"
#include "outrider/store/keyed.h"
#include "outrider/store/store.h"

namespace outrider::queue {
namespace {

using mail::RecipientStatus;
using store::Table;
using testing::HasSubstr;
using testing::SizeIs;

class Restart : public QueueTest {
 protected:
  /// Changes the store behind the closed queue.
  void change(const std::function<void(store::Store&, store::Batch&)>& edit) {
    auto store = store::Store::open({.path = options_.path});
    ASSERT_TRUE(store) << store.error().text();
    auto batch = (*store)->batch();
    edit(**store, batch);
    ASSERT_TRUE((*store)->write(batch, store::Durable::Now));
  }
  std::string content_of(MessageId id) { return options_.path + "/content/" + id.text(); }
};

TEST_F(Restart, BringsBackWhatWasThereWithItsState) {
  open();
  const auto id = *put(envelope_to({"a@one.test", "b@two.test"}), "content");
  finish(claim("one.test"), {outcome(0, RecipientStatus::Relayed)});
  finish(claim("two.test"), {outcome(1, RecipientStatus::Pending, "421 later")});
  EXPECT_TRUE(eventually([&] { return queue_->counts().deferred == 1; }));
  const auto before = list();
  reopen();
  const auto after = list();
  ASSERT_THAT(after, SizeIs(1));
  EXPECT_EQ(after[0].id, id);
  EXPECT_EQ(after[0].envelope, before[0].envelope);
  EXPECT_EQ(after[0].next_attempt, before[0].next_attempt);
  EXPECT_EQ(queue_->counts().messages, 1u);
  EXPECT_EQ(queue_->counts().bytes, 7u);
  EXPECT_EQ(queue_->counts().deferred, 1u);
  EXPECT_FALSE(claim("one.test", 20ms));
}

TEST_F(Restart, NeverRepeatsAnId) {
  open();
  MessageId last;
  for (int start = 0; start < 3; ++start) {
    for (int at = 0; at < 3; ++at) {
      const auto id = *put(envelope_to({"a@one.test"}));
      EXPECT_GT(id, last);
      last = id;
    }
    EXPECT_EQ(apply(Action::Remove), 3u);
    reopen();
  }
}

TEST_F(Restart, AWaitOfAClockThatWasWrongIsCut) {
  options_.retry = {.first = 1ms, .longest = 20ms};
  open();
  const auto id = *put(envelope_to({"a@one.test"}));
  close();
  change([&](store::Store& store, store::Batch& batch) {
    auto record = decode(**store.read(Table::Meta, message_key(id)), id);
    record->progress[0] = {.attempts = 1, .next = now() + 24h};
    batch.put(Table::Meta, message_key(id), encode(*record));
  });
  open();
  auto claim = this->claim("one.test");
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->attempts(), 1u);
  give_back(std::move(claim));
}

TEST_F(Restart, PutsAwayWhatItCannotReadAndGoesOn) {
  open();
  const auto good = *put(envelope_to({"a@one.test"}));
  const auto bad = *put(envelope_to({"b@one.test"}));
  const auto swapped = *put(envelope_to({"c@one.test"}));
  close();
  change([&](store::Store& store, store::Batch& batch) {
    batch.put(Table::Meta, message_key(bad), "garbage");
    batch.put(Table::Meta, message_key(swapped), **store.read(Table::Meta, message_key(good)));
    batch.put(Table::Meta, "odd", "key");
  });
  open();
  EXPECT_THAT(list(), SizeIs(1));
  auto claim = this->claim("one.test");
  EXPECT_EQ(claim->id(), good);
  give_back(std::move(claim));
  EXPECT_THAT(log_text(), HasSubstr("put-away"));
  EXPECT_THAT(log_text(), HasSubstr(bad.text()));
  close();
  change([&](store::Store& store, store::Batch&) {
    const store::KeyedTable damaged(store, damaged_table);
    EXPECT_EQ(**damaged.read(message_key(bad)), "garbage");
    EXPECT_TRUE((*damaged.read(message_key(swapped))).has_value());
    EXPECT_FALSE((*store.read(Table::Meta, message_key(bad))).has_value());
  });
}

TEST_F(Restart, DeletesTheFilesOfWhatIsNoMessage) {
  open();
  const auto large = *put(envelope_to({"a@one.test"}), std::string(600 << 10, 'x'));
  const auto damaged = *put(envelope_to({"a@two.test"}), std::string(600 << 10, 'x'));
  close();
  change([&](store::Store&, store::Batch& batch) {
    batch.put(Table::Meta, message_key(damaged), "garbage");
  });
  const MessageId never{large.value + 999};
  std::ofstream(content_of(never)) << "begun";
  std::ofstream(content_of({}) + ".kept-by-hand") << "a name that is no id";
  open();
  auto claim = this->claim("one.test");
  EXPECT_EQ(read(*claim)->size(), 600u << 10);
  give_back(std::move(claim));
  reopen();
  EXPECT_TRUE(std::filesystem::exists(content_of(large)));
  EXPECT_TRUE(std::filesystem::exists(content_of(damaged)));
  EXPECT_FALSE(std::filesystem::exists(content_of(never)));
  EXPECT_TRUE(std::filesystem::exists(content_of({}) + ".kept-by-hand"));
}

TEST_F(Restart, AFileThatIsDamagedOrGoneHoldsItsMessage) {
  open();
  const auto damaged = *put(envelope_to({"a@one.test"}), std::string(600 << 10, 'x'));
  const auto gone = *put(envelope_to({"a@two.test"}), std::string(600 << 10, 'x'));
  std::fstream(content_of(damaged), std::ios::in | std::ios::out).seekp(1000).put('y');
  std::filesystem::remove(content_of(gone));
  auto claim = this->claim("one.test");
  EXPECT_THAT(read(*claim).error().text(), HasSubstr("damaged"));
  give_back(std::move(claim));
  claim = this->claim("two.test");
  EXPECT_THAT(read(*claim).error().text(), HasSubstr("missing"));
  give_back(std::move(claim));
  EXPECT_TRUE(eventually([&] { return queue_->counts().held == 1; }));
}

TEST_F(Restart, ASecondProcessIsToldWhoHasTheQueue) {
  open();
  const auto second = Queue::open(options_, *log_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text(), HasSubstr(options_.path));
  EXPECT_THAT(second.error().text(), HasSubstr(std::to_string(getpid())));
}

TEST_F(Restart, AMessageWithoutItsWholeContentIsHeld) {
  open();
  const auto id = *put(envelope_to({"a@one.test"}));
  close();
  change([&](store::Store& store, store::Batch& batch) {
    auto record = decode(**store.read(Table::Meta, message_key(id)), id);
    record->content.chunks = 7;
    batch.put(Table::Meta, message_key(id), encode(*record));
  });
  open();
  auto claim = this->claim("one.test");
  ASSERT_TRUE(claim);
  EXPECT_FALSE(read(*claim));  // the content is not whole
  give_back(std::move(claim));
  EXPECT_TRUE(eventually([&] { return queue_->counts().held == 1; }));
  EXPECT_THAT(log_text(), HasSubstr("content is missing"));
}

/// Takes messages and tells their ids once they are committed, until it is killed.
[[noreturn]] void accept_until_killed(Options options, int tell, unsigned seed) {
  LogOptions quiet;
  quiet.path = "/dev/null";
  auto* log = new Log(quiet);
  auto queue = Queue::open(std::move(options), *log);
  if (!queue) _exit(3);
  auto* io = new boost::asio::io_context(1);
  std::minstd_rand random(seed);
  auto accept = [&](unsigned size) -> awaitable<void> {
    for (;;) {
      const auto incoming = (*queue)->begin();
      const std::string content(size, 'c');
      if (!co_await incoming->append(content)) _exit(4);
      mail::Envelope envelope = envelope_to({"a@one.test"});
      const auto id = co_await incoming->commit(std::move(envelope));
      if (!id) _exit(5);
      const std::uint64_t words[] = {id->value, size};
      if (write(tell, words, sizeof words) != sizeof words) _exit(6);
    }
  };
  for (int at = 0; at < 8; ++at)
    boost::asio::co_spawn(*io, accept(at == 0 ? 700'000 : random() % 9000), boost::asio::detached);
  io->run();
  _exit(7);
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define OUTRIDER_THREAD_SANITIZER
#endif
#endif

TEST_F(Restart, NothingAcknowledgedIsLostByAKill) {
#ifdef OUTRIDER_THREAD_SANITIZER
  GTEST_SKIP() << "the thread sanitizer has no threads after a fork";
#endif
  std::map<std::uint64_t, std::uint64_t> acknowledged;
  std::minstd_rand random(4711);
  close();
  for (int round = 0; round < 24; ++round) {
    int tell[2];
    ASSERT_EQ(pipe(tell), 0);
    const pid_t child = fork();
    if (child == 0) accept_until_killed(options_, tell[1], static_cast<unsigned>(round));
    ::close(tell[1]);
    std::uint64_t words[2];
    // At least one message, then a kill at any moment.
    ASSERT_EQ(::read(tell[0], words, sizeof words), ssize_t{sizeof words});
    acknowledged[words[0]] = words[1];
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    while (::read(tell[0], words, sizeof words) == sizeof words) acknowledged[words[0]] = words[1];
    ::close(tell[0]);
  }
  open();
  std::map<std::uint64_t, std::uint64_t> found;
  for (const Item& item : list({}, {}, SIZE_MAX)) found[item.id.value] = item.envelope.size;
  for (const auto& [id, size] : acknowledged) {
    ASSERT_TRUE(found.contains(id)) << MessageId{id}.text();
    EXPECT_EQ(found[id], size);
    const auto content = loop_.run(queue_->content(MessageId{id}, SIZE_MAX));
    ASSERT_TRUE(content) << content.error().text();
    EXPECT_TRUE(*content == std::string(size, 'c'));
  }
  EXPECT_GT(acknowledged.size(), 24u);
}

}  // namespace
}  // namespace outrider::queue
