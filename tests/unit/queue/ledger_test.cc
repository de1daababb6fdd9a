#include "outrider/queue/ledger.h"

#include "fixture.h"
#include "outrider/store/keyed.h"

namespace outrider::queue {
namespace {

using mail::RecipientStatus;
using store::Table;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class LedgerOf : public testing::Test {
 protected:
  LedgerOf() {
    options_.destination_of = [](const Address& address) { return address.domain; };
    LogOptions quiet;
    quiet.path = "/dev/null";
    log_ = std::make_unique<Log>(quiet);
    store_ = std::move(*store::Store::open({.path = folder_ / "queue"}));
    ledger_ = std::make_unique<Ledger>(*store_, options_, totals_, MessageId{}, *log_);
  }

  Arrival arrival(MessageId id, std::vector<std::string> recipients, bool in_file = false) {
    auto fresh = std::make_shared<Fresh>(budget_);
    fresh->id = id;
    fresh->envelope = envelope_to(recipients);
    fresh->envelope.size = 4;
    if (!in_file) fresh->body = "body";
    fresh->content = {1, in_file};
    fresh->groups = group_pending(fresh->envelope, options_.destination_of, 1);
    Arrival arrival;
    arrival.record = encode_new(id, fresh->content, fresh->envelope);
    arrival.fresh = std::move(fresh);
    return arrival;
  }
  static Attempted attempt(MessageId id, std::vector<Outcome> outcomes) {
    Attempted attempted;
    attempted.id = id;
    attempted.at = now();
    for (const Outcome& each : outcomes) attempted.recipients.push_back(each.recipient);
    attempted.outcomes = std::move(outcomes);
    return attempted;
  }
  std::vector<Mail> write() {
    EXPECT_TRUE(ledger_->write());
    return std::exchange(ledger_->mail(0), {});
  }
  std::optional<Record> record(MessageId id) {
    const auto bytes = store_->read(Table::Meta, message_key(id));
    if (!*bytes) return std::nullopt;
    return *decode(**bytes, id);
  }

  Folder folder_;
  Options options_;
  Totals totals_;
  std::shared_ptr<Budget> budget_ = std::make_shared<Budget>(1 << 20);
  std::unique_ptr<Log> log_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(LedgerOf, AnArrivalIsSyncedWithItsContent) {
  const auto before = store_->syncs();
  ledger_->apply(arrival({1}, {"a@x", "b@y"}));
  const auto mail = write();
  EXPECT_EQ(store_->syncs(), before + 1);
  ASSERT_THAT(mail, SizeIs(2));
  EXPECT_EQ(mail[0].kind, Mail::Kind::New);
  EXPECT_EQ(record({1})->envelope.recipients.size(), 2u);
  EXPECT_EQ(**store_->read(Table::Body, chunk_key({1}, 0)), "body");
  EXPECT_EQ(totals_.messages, 1u);
}

TEST_F(LedgerOf, AnAttemptRidesAlongWithTheNextSync) {
  ledger_->apply(arrival({1}, {"a@x"}));
  write();
  const auto before = store_->syncs();
  ledger_->apply(attempt({1}, {outcome(0, RecipientStatus::Pending)}));
  EXPECT_THAT(write(), SizeIs(1));
  EXPECT_EQ(store_->syncs(), before);
  EXPECT_TRUE(ledger_->unsynced());
  ledger_->apply(arrival({2}, {"a@x"}));
  write();
  EXPECT_EQ(store_->syncs(), before + 1);
  EXPECT_FALSE(ledger_->unsynced());
}

TEST_F(LedgerOf, OutcomesOfOneBatchAreMerged) {
  ledger_->apply(arrival({1}, {"a@x", "b@y", "c@z"}));
  write();
  ledger_->apply(attempt({1}, {outcome(0, RecipientStatus::Relayed)}));
  ledger_->apply(attempt({1}, {outcome(1, RecipientStatus::Pending, "450 later")}));
  const auto mail = write();
  ASSERT_THAT(mail, SizeIs(2));
  EXPECT_EQ(mail[0].kind, Mail::Kind::Gone);
  EXPECT_EQ(mail[1].kind, Mail::Kind::Again);
  EXPECT_GT(mail[1].due, steady_now() + 3min);
  EXPECT_EQ(record({1})->envelope.recipients[0].status, RecipientStatus::Relayed);
  EXPECT_EQ(record({1})->envelope.recipients[1].reply, "450 later");
  EXPECT_EQ(record({1})->progress[1].attempts, 1u);
  EXPECT_EQ(record({1})->progress[2].attempts, 0u);
}

TEST_F(LedgerOf, TheLastOutcomeDropsTheMessageAndBringsTheNotice) {
  ledger_->apply(arrival({1}, {"a@x"}));
  write();
  auto attempted = attempt({1}, {outcome(0, RecipientStatus::Failed)});
  attempted.notices.push_back(arrival({2}, {"sender@example.org"}));
  const auto before = store_->syncs();
  ledger_->apply(std::move(attempted));
  write();
  EXPECT_EQ(store_->syncs(), before + 1);
  EXPECT_FALSE(record({1}));
  EXPECT_FALSE((*store_->read(Table::Body, chunk_key({1}, 0))).has_value());
  EXPECT_TRUE(record({2}));
  EXPECT_EQ(totals_.messages, 1u);
  EXPECT_EQ(totals_.bytes, 4u);
}

TEST_F(LedgerOf, AnAttemptOnWhatIsGoneChangesNothing) {
  auto attempted = attempt({1}, {outcome(0, RecipientStatus::Failed)});
  attempted.notices.push_back(arrival({2}, {"sender@example.org"}));
  ledger_->apply(std::move(attempted));
  const auto mail = write();
  ASSERT_THAT(mail, SizeIs(1));
  EXPECT_EQ(mail[0].kind, Mail::Kind::Gone);
  EXPECT_FALSE(record({2}));
}

TEST_F(LedgerOf, AnOutcomeIsFinal) {
  ledger_->apply(arrival({1}, {"a@x", "b@y"}));
  write();
  ledger_->apply(attempt({1}, {outcome(0, RecipientStatus::Relayed)}));
  ledger_->apply(attempt({1}, {outcome(0, RecipientStatus::Failed)}));
  write();
  EXPECT_EQ(record({1})->envelope.recipients[0].status, RecipientStatus::Relayed);
}

TEST_F(LedgerOf, RepliesAreBounded) {
  ledger_->apply(arrival({1}, {"a@x"}));
  write();
  ledger_->apply(attempt({1}, {outcome(0, RecipientStatus::Pending, std::string(9000, 'r'))}));
  write();
  EXPECT_EQ(record({1})->envelope.recipients[0].reply.size(), 1024u);
}

TEST_F(LedgerOf, RemovingInTheBatchOfAnAttemptRemovesOnce) {
  ledger_->apply(arrival({1}, {"a@x"}));
  write();
  std::uint64_t count = 0;
  Operated remove{.action = Action::Remove, .ids = {{1}, {1}}, .count = &count};
  ledger_->apply(std::move(remove));
  ledger_->apply(attempt({1}, {outcome(0, RecipientStatus::Relayed)}));
  write();
  EXPECT_EQ(count, 1u);
  EXPECT_EQ(totals_.messages, 0u);
}

// A power cut could bring the record back, and it would miss its file.
TEST_F(LedgerOf, AFileIsUnneededOnceTheEndOfItsMessageIsSynced) {
  ledger_->apply(arrival({1}, {"a@x"}, true));
  ledger_->apply(arrival({2}, {"a@x"}));
  write();
  EXPECT_THAT(ledger_->take_unneeded(), IsEmpty());
  ledger_->apply(attempt({1}, {outcome(0, RecipientStatus::Relayed)}));
  ledger_->apply(attempt({2}, {outcome(0, RecipientStatus::Relayed)}));
  write();
  EXPECT_FALSE(record({1}));
  EXPECT_THAT(ledger_->take_unneeded(), IsEmpty());
  ASSERT_TRUE(store_->sync());
  ledger_->synced();
  EXPECT_THAT(ledger_->take_unneeded(), ElementsAre(MessageId{1}));
  EXPECT_THAT(ledger_->take_unneeded(), IsEmpty());
}

TEST_F(LedgerOf, OfWhatWasGivenUpNothingStays) {
  ledger_->apply(arrival({1}, {"a@x"}, true));
  ledger_->apply(arrival({2}, {"a@x"}));
  write();
  ledger_->apply(Abandoned{{1}, {1, true}});
  ledger_->apply(Abandoned{{2}, {1, false}});
  write();
  EXPECT_FALSE(record({1}) || record({2}));
  EXPECT_FALSE((*store_->read(Table::Body, chunk_key({2}, 0))).has_value());
  ledger_->apply(arrival({3}, {"a@x"}));
  write();
  EXPECT_THAT(ledger_->take_unneeded(), ElementsAre(MessageId{1}));
}

TEST_F(LedgerOf, TheCeilingIsAboveAllIds) {
  const store::KeyedTable facts(*store_, queue_table);
  const MessageId id{5ull << 40};
  ledger_->apply(arrival(id, {"a@x"}));
  write();
  EXPECT_GT(MessageId::parse(**facts.read(ceiling_key)), id);
}

}  // namespace
}  // namespace outrider::queue
