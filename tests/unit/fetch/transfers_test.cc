#include "outrider/fetch/transfers.h"

#include <future>

#include "outrider/fetch/url.h"
#include "world.h"

namespace outrider::fetch {
namespace {

using testing::HasSubstr;

class TransfersTest : public testing::Test {
 protected:
  void open(HttpsServer::Script script, std::size_t most_open, std::size_t most_waiting) {
    server_ = std::make_unique<HttpsServer>(authority().issue(host), std::move(script));
    Options options{.ca_file = authority().authority_file(), .special_addresses = true};
    options.port = server_->port();
    options.most_open = most_open;
    options.most_waiting = most_waiting;
    transfers_ = *Transfers::open(options);
  }

  std::future<Answer> ask(Duration limit, std::uint64_t* number = nullptr) {
    Order order{World::request(), {}, false};
    order.request.limit = limit;
    order.url = *parse_url(order.request.url);
    std::promise<Answer> promise;
    auto answer = promise.get_future();
    const auto own = transfers_->next_number();
    if (number != nullptr) *number = own;
    auto done = [promise = std::move(promise)](Answer given) mutable {
      promise.set_value(std::move(given));
    };
    transfers_->ask(own, std::move(order), std::move(done));
    return answer;
  }

  std::unique_ptr<HttpsServer> server_;
  std::shared_ptr<Transfers> transfers_;
};

TEST_F(TransfersTest, HaveAPlaceForSoManyAtATime) {
  std::atomic<int> open = 0, most = 0;
  auto script = [&](Talk& talk) {
    const int now = ++open;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
    }
    talk.pause(30ms);
    --open;
    talk.send(http_response("200 OK", "text/plain", "ok"));
  };
  this->open(script, 2, 100);
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 10; ++i) answers.push_back(ask(20s));
  for (auto& answer : answers) EXPECT_TRUE(answer.get());
  EXPECT_EQ(most, 2);
}

TEST_F(TransfersTest, RefuseMoreThanMayWait) {
  open([](Talk& talk) { talk.pause(20s); }, 1, 2);
  auto under_way = ask(20s);
  while (server_->requests().empty()) std::this_thread::sleep_for(1ms);
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 10; ++i) answers.push_back(ask(20s));
  int refused = 0;
  for (auto& answer : answers) {
    if (answer.wait_for(300ms) != std::future_status::ready) continue;
    const Answer given = answer.get();
    ASSERT_FALSE(given);
    EXPECT_EQ(given.error().fault, Fault::Refused);
    EXPECT_THAT(given.error().error.text(), HasSubstr("too many requests are waiting"));
    ++refused;
  }
  EXPECT_EQ(refused, 8);
}

TEST_F(TransfersTest, CountTheWaitForAPlaceIntoTheLimit) {
  open([](Talk& talk) { talk.pause(20s); }, 1, 10);
  auto first = ask(20s);
  while (server_->requests().empty()) std::this_thread::sleep_for(1ms);
  const auto begin = steady_now();
  const Answer late = ask(150ms).get();
  EXPECT_LT(steady_now() - begin, 5s);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().fault, Fault::TimedOut);
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(TransfersTest, GiveTheNextOneThePlaceOfACancelledOne) {
  open([](Talk& talk) { talk.send(http_response("200 OK", "text/plain", "next")); }, 1, 10);
  server_->set_script([](Talk& talk) { talk.pause(20s); });
  std::uint64_t number = 0;
  auto first = ask(20s, &number);
  while (server_->requests().empty()) std::this_thread::sleep_for(1ms);
  server_->set_script(says(http_response("200 OK", "text/plain", "next")));
  auto second = ask(20s);
  transfers_->cancel(number);
  const Answer cancelled = first.get();
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().error.rule, "cancelled");
  EXPECT_TRUE(second.get());
  transfers_->cancel(number);  // long over
  EXPECT_TRUE(ask(20s).get());
}

TEST_F(TransfersTest, AreRefusedOnceClosed) {
  open([](Talk& talk) { talk.pause(20s); }, 1, 10);
  auto first = ask(20s);
  auto second = ask(20s);
  transfers_->close();
  EXPECT_EQ(first.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(second.wait_for(0s), std::future_status::ready);
  EXPECT_FALSE(ask(20s).get());
}

}  // namespace
}  // namespace outrider::fetch
