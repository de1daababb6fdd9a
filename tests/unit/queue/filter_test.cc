#include "outrider/queue/filter.h"

#include <gtest/gtest.h>

namespace outrider::queue {
namespace {

const DestinationOf relay = [](const Address&) { return "relay"; };

Record to(const std::string& local_part, const std::string& domain) {
  Record record;
  record.envelope.recipients.resize(1);
  record.envelope.recipients[0].address = {local_part, domain};
  record.progress.resize(1);
  return record;
}

TEST(Filter, EmptyMatchesAll) { EXPECT_TRUE(matches({}, to("a", "b"), relay)); }

TEST(Filter, NamesAddressesAndDomainsWithoutCase) {
  const Record record = to("Info", "example.org");
  EXPECT_TRUE(matches({.recipient = "info@EXAMPLE.org"}, record, relay));
  EXPECT_TRUE(matches({.recipient = "@Example.Org"}, record, relay));
  EXPECT_FALSE(matches({.recipient = "@ample.org"}, record, relay));
  EXPECT_FALSE(matches({.recipient = "info"}, record, relay));
  EXPECT_TRUE(matches({.destination = "relay"}, record, relay));
  EXPECT_TRUE(matches({.destination = "example.org"}, record, relay));
  EXPECT_FALSE(matches({.destination = "RELAY"}, record, relay)) << "a key is exact";
}

TEST(Filter, QuotedLocalPartsAreNamedAsWritten) {
  EXPECT_TRUE(matches({.recipient = "\"a b\"@x"}, to("a b", "x"), relay));
}

TEST(Filter, RecipientAndDestinationMeanTheSameOne) {
  Record record = to("a", "x");
  record.envelope.recipients.push_back({.address = {"b", "y"}});
  record.progress.resize(2);
  EXPECT_TRUE(matches({.recipient = "b@y", .destination = "y"}, record, relay));
  EXPECT_FALSE(matches({.recipient = "b@y", .destination = "x"}, record, relay));
}

TEST(Filter, WhoIsDoneIsNotMeant) {
  Record record = to("a", "x");
  record.envelope.recipients[0].status = mail::RecipientStatus::Relayed;
  EXPECT_FALSE(matches({.recipient = "a@x"}, record, relay));
}

TEST(Item, ShowsTheNextAttemptOfWhoStillWaits) {
  Record record = to("a", "x");
  record.envelope.recipients.resize(3);
  record.envelope.recipients[0].status = mail::RecipientStatus::Failed;
  record.progress = {{.attempts = 9, .next = Time(Duration(1))},
                     {.attempts = 2, .next = Time(Duration(30))},
                     {.attempts = 1, .next = Time(Duration(20))}};
  const Item item = item_of(record, true);
  EXPECT_EQ(item.next_attempt, Time(Duration(20)));
  EXPECT_EQ(item.attempts, 9u);
  EXPECT_TRUE(item.active);
}

}  // namespace
}  // namespace outrider::queue
