#include "outrider/policy/sts_entry.h"

#include <gtest/gtest.h>

#include <set>

namespace outrider::policy {
namespace {

using namespace std::chrono_literals;

const Time start = Time(Duration(1'800'000'000'000));
const StsRules rules;

std::shared_ptr<const StsPolicy> policy(std::string id, std::chrono::seconds max_age = 7 * 24h,
                                        Time fetched = start) {
  StsPolicy made{.mode = StsMode::Enforce, .max_age = max_age, .id = std::move(id)};
  made.fetched = fetched;
  return std::make_shared<const StsPolicy>(std::move(made));
}

StsEntry with(std::shared_ptr<const StsPolicy> policy) {
  StsEntry entry;
  entry.used = start;
  take_policy(entry, std::move(policy), "example.com", rules);
  return entry;
}

StsAnnouncement announced(std::optional<std::string> id) { return {.id = std::move(id)}; }
const StsAnnouncement nobody_knows{.is_known = false, .why = "SERVFAIL"};

TEST(StsEntry, HoldsAPolicyUntilItsMaxAgeIsOver) {
  const StsEntry entry = with(policy("1", 100s));
  EXPECT_TRUE(policy_at(entry, start + 99999ms));
  EXPECT_FALSE(policy_at(entry, start + 100s));
}

TEST(StsEntry, FetchesWhatIsUnknownOrChanged) {
  EXPECT_EQ(id_to_fetch({}, announced("1"), start), "1");
  EXPECT_EQ(id_to_fetch({}, announced({}), start), std::nullopt);
  EXPECT_EQ(id_to_fetch({}, nobody_knows, start), std::nullopt);
  EXPECT_EQ(id_to_fetch(with(policy("1")), announced("1"), start + 1h), std::nullopt);
  EXPECT_EQ(id_to_fetch(with(policy("1")), announced("2"), start + 1h), "2");
  EXPECT_EQ(id_to_fetch(with(policy("1", 100s)), announced("1"), start + 1h), "1") << "it is over";
}

TEST(StsEntry, RefreshesDailyAndBeforeTheEnd) {
  for (const auto max_age :
       {std::chrono::seconds(1h), std::chrono::seconds(24h), std::chrono::seconds(365 * 24h)}) {
    const StsEntry entry = with(policy("1", max_age));
    EXPECT_GT(entry.refresh_at, start) << max_age.count();
    EXPECT_LE(entry.refresh_at, start + 24h) << max_age.count();
    EXPECT_LE(entry.refresh_at, start + max_age / 2) << max_age.count();
    EXPECT_FALSE(wants_refresh(entry, entry.refresh_at - 1ms, rules));
    EXPECT_TRUE(wants_refresh(entry, entry.refresh_at, rules));
    EXPECT_EQ(id_to_fetch(entry, announced("1"), entry.refresh_at), "1");
  }
}

TEST(StsEntry, IsNotRefreshedForAllDomainsAtOnce) {
  std::set<Time> times;
  const auto kept = policy("1");
  for (int i = 0; i < 100; ++i)
    times.insert(refresh_time(*kept, "d" + std::to_string(i) + ".example", rules));
  EXPECT_GT(times.size(), 50u);
  EXPECT_GE(*times.begin(), start + 18h);
}

// RFC 8461 §10.2: who breaks the DNS must not be able to break the renewal.
TEST(StsEntry, RefreshesWhatIsDueThoughTheDnsDoesNotTell) {
  const StsEntry entry = with(policy("1"));
  EXPECT_EQ(id_to_fetch(entry, nobody_knows, start + 1h), std::nullopt);
  EXPECT_EQ(id_to_fetch(entry, nobody_knows, start + 25h), "1");
  EXPECT_EQ(id_to_fetch(entry, announced({}), start + 25h), std::nullopt) << "withdrawn";
}

TEST(StsEntry, IsNotRefreshedForNobody) {
  StsEntry entry = with(policy("1", 365 * 24h));
  EXPECT_TRUE(wants_refresh(entry, start + 29 * 24h, rules));
  EXPECT_FALSE(wants_refresh(entry, start + 30 * 24h, rules));
}

// RFC 8461 §3.3: five minutes or longer per version ID.
TEST(StsEntry, BacksOffPerId) {
  StsEntry entry = with(policy("1"));
  take_failure(entry, "2", {.why = "HTTP status 500", .when = start}, rules);
  EXPECT_EQ(id_to_fetch(entry, announced("2"), start + 5min - 1ms), std::nullopt);
  EXPECT_EQ(id_to_fetch(entry, announced("2"), start + 5min), "2");
  EXPECT_EQ(id_to_fetch(entry, announced("3"), start + 1s), "3");
  EXPECT_TRUE(policy_at(entry, start + 1h)) << "the old one stays in force";
}

TEST(StsEntry, BacksOffAfterAFailedRefresh) {
  StsEntry entry = with(policy("1"));
  const Time due = entry.refresh_at;
  take_failure(entry, "1", {.when = due}, rules);
  EXPECT_FALSE(wants_refresh(entry, due + 4min, rules));
  EXPECT_TRUE(wants_refresh(entry, due + 5min, rules));
  take_policy(entry, policy("1", 7 * 24h, due + 5min), "example.com", rules);
  EXPECT_FALSE(entry.failure);
}

TEST(StsEntry, DoesNotFetchForEachMessageWhatMayNotBeKept) {
  const StsEntry entry = with(policy("1", 0s));
  EXPECT_FALSE(policy_at(entry, start));
  EXPECT_EQ(id_to_fetch(entry, announced("1"), start + 1min), std::nullopt);
  EXPECT_EQ(id_to_fetch(entry, announced("1"), start + 5min), "1");
}

TEST(StsEntry, AsksLaterForWhatIsWithdrawn) {
  StsEntry entry = with(policy("1"));
  const Time due = entry.refresh_at;
  take_announcement(entry, announced({}), false, due, rules);
  EXPECT_FALSE(wants_refresh(entry, due + 1min, rules));
  EXPECT_TRUE(wants_refresh(entry, due + 5min, rules));
  take_announcement(entry, nobody_knows, false, due, rules);
  EXPECT_EQ(entry.unknown, "SERVFAIL");
}

TEST(StsEntry, IsCheckedForAMinuteWhateverTheClockDoes) {
  StsEntry entry;
  entry.checked = start;
  EXPECT_TRUE(is_checked(entry, start + 59s, rules));
  EXPECT_FALSE(is_checked(entry, start + 1min, rules));
  EXPECT_FALSE(is_checked(entry, start - 1h, rules)) << "the clock was set back";
}

TEST(StsEntry, IsDroppedWhenNothingIsToBeRemembered) {
  StsEntry entry;
  entry.checked = start;
  EXPECT_FALSE(is_idle(entry, start + 30s, rules));
  EXPECT_TRUE(is_idle(entry, start + 2min, rules));
  take_failure(entry, "1", {.when = start}, rules);
  EXPECT_FALSE(is_idle(entry, start + 2min, rules));
  EXPECT_FALSE(is_idle(with(policy("1")), start + 24h, rules));
}

// RFC 8460 §4.3.2.2
TEST(StsEntry, HasTheNamesOfReports) {
  EXPECT_EQ(result_type(StsFailure::Kind::Fetch), "sts-policy-fetch-error");
  EXPECT_EQ(result_type(StsFailure::Kind::Certificate), "sts-webpki-invalid");
  EXPECT_EQ(result_type(StsFailure::Kind::Policy), "sts-policy-invalid");
}

}  // namespace
}  // namespace outrider::policy
