#include "outrider/fetch/client.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "world.h"

namespace outrider::fetch {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Client, BringsWhatTheServerSays) {
  World world(says(http_response("200 OK", "Text/Plain; charset=utf-8", "version: STSv1\r\n")));
  const Answer answer = world.get();
  ASSERT_TRUE(answer) << answer.error().error.text();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->media_type, "text/plain");
  EXPECT_EQ(answer->body, "version: STSv1\r\n");
}

TEST(Client, AsksWithTheHostsNameAndNothingToBeKnownBy) {
  World world(says(http_response("200 OK", "text/plain", "")));
  ASSERT_TRUE(world.get());
  const auto requests = world.server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_THAT(
      requests[0],
      AllOf(HasSubstr("GET /.well-known/mta-sts.txt HTTP/1.1\r\n"),
            HasSubstr("\r\nHost: mta-sts.example.com\r\n"), HasSubstr("\r\nAccept: text/plain\r\n"),
            HasSubstr("\r\nUser-Agent: Outrider"), Not(HasSubstr("Accept-Encoding")),
            Not(HasSubstr("Cookie")), Not(HasSubstr("Authorization"))));
}

TEST(Client, PostsABody) {
  World world(says(http_response("201 Created", "text/plain", "")));
  Request request = World::request("/report");
  request.wanted_type.clear();
  request.body = std::string("\x1f\x8b\0gzip", 7) + std::string(2 << 20, 'x');
  request.body_type = "application/tlsrpt+gzip";
  const std::string body = request.body;
  const Answer answer = world.loops.run(world.client->post(std::move(request)));
  ASSERT_TRUE(answer) << answer.error().error.text();
  EXPECT_EQ(answer->status, 201);
  const std::string asked = world.server.requests().at(0);
  EXPECT_THAT(
      asked.substr(0, 500),
      AllOf(HasSubstr("POST /report HTTP/1.1\r\n"),
            HasSubstr("\r\nContent-Type: application/tlsrpt+gzip\r\n"), Not(HasSubstr("Expect"))));
  EXPECT_TRUE(asked.ends_with("\r\n\r\n" + body));
}

TEST(Client, KeepsNoCookieAndNoConnection) {
  World world(
      says("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n"
           "Set-Cookie: known=1\r\n\r\nok"));
  ASSERT_TRUE(world.get());
  ASSERT_TRUE(world.get());
  EXPECT_EQ(world.server.connections(), 2);
  EXPECT_THAT(world.server.requests().at(1), Not(HasSubstr("known=1")));
}

TEST(Client, TakesNoProxyFromItsEnvironment) {
  World world(says(http_response("200 OK", "text/plain", "straight")));
  ::setenv("https_proxy", "http://127.0.0.1:1/", 1);
  ::setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
  const Answer answer = world.get();
  ::unsetenv("https_proxy");
  ::unsetenv("ALL_PROXY");
  ASSERT_TRUE(answer) << answer.error().error.text();
}

TEST(Client, TriesTheNextAddress) {
  World world(says(http_response("200 OK", "text/plain", "second")));
  Request request = World::request();
  request.addresses = {*IpAddress::parse("127.0.0.77"), loopback};  // nobody listens there
  const Answer answer = world.get(std::move(request));
  ASSERT_TRUE(answer) << answer.error().error.text();
}

TEST(Client, AsksNoAddressOfSpecialUse) {
  World world(says(http_response("200 OK", "text/plain", "")));
  const auto strict = *Client::open({.ca_file = authority().authority_file()});
  for (const char* const address : {"169.254.169.254", "127.0.0.1", "10.0.0.1", "::1", "fe80::1"}) {
    Request request = World::request();
    request.addresses = {*IpAddress::parse("192.88.98.1"), *IpAddress::parse(address)};
    const Answer answer = world.loops.run(strict->get(std::move(request)));
    ASSERT_FALSE(answer) << address;
    EXPECT_EQ(answer.error().fault, Fault::Refused);
    EXPECT_THAT(answer.error().error.text(), AllOf(HasSubstr(address), HasSubstr("RFC 6890")));
  }
}

TEST(Client, LooksUpNoNameItself) {
  World world(says(http_response("200 OK", "text/plain", "")));
  Request request = World::request();
  request.url = "https://localhost/";
  request.addresses.clear();
  const Answer answer = world.get(std::move(request));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().error.text(),
              HasSubstr("https://localhost/ (the host has no address"));
  EXPECT_EQ(world.server.connections(), 0);
}

TEST(Client, RefusesWhatIsNoUrlAndNoMediaType) {
  World world(says(http_response("200 OK", "text/plain", "")));
  Request http = World::request();
  http.url = "http://mta-sts.example.com/";
  Request split = World::request();
  split.body_type = "text/plain\r\nHost: other";
  Request hurried = World::request();
  hurried.limit = 0ms;
  for (const Request& request : {http, split, hurried}) {
    const Answer answer = world.loops.run(world.client->post(request));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().fault, Fault::Refused);
  }
  EXPECT_EQ(world.server.connections(), 0);
}

TEST(Client, SaysWhichFileHoldsNoAuthorities) {
  const auto missing = Client::open({.ca_file = "/nowhere/ca.pem"});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().text(), HasSubstr("/nowhere/ca.pem"));
  const auto empty = Client::open({.ca_file = authority().write("empty.pem", "no certificate\n")});
  EXPECT_FALSE(empty);
}

TEST(Client, TrustsItsOwnFileOfAuthoritiesAlone) {
  World world(says(http_response("200 OK", "text/plain", "")));
  test::TestCa other;
  world.reopen({.ca_file = other.authority_file()});
  const Answer answer = world.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault, Fault::Certificate) << answer.error().error.text();
}

// Waits in the server's script, so that nothing ends by itself.
HttpsServer::Script waits() {
  return [](Talk& talk) { talk.pause(20s); };
}

TEST(Client, IsCancelledByTheSlot) {
  World world(waits());
  namespace asio = boost::asio;
  auto& loop = world.loops.add();
  asio::cancellation_signal signal;
  std::optional<Answer> answer;
  auto task = [&]() -> awaitable<void> {
    Request request = World::request();
    answer = co_await world.client->get(std::move(request));
  };
  asio::co_spawn(loop, task(), asio::bind_cancellation_slot(signal.slot(), asio::detached));
  while (world.server.requests().empty()) loop.poll(), std::this_thread::sleep_for(1ms);
  const auto begin = steady_now();
  signal.emit(asio::cancellation_type::terminal);
  loop.run();
  EXPECT_LT(steady_now() - begin, 5s);
  EXPECT_TRUE(!answer || !*answer);
}

TEST(Client, EndsEverythingWhenItIsClosed) {
  World world(waits());
  auto& loop = world.loops.add();
  std::vector<Answer> answers;
  auto task = [&]() -> awaitable<void> {
    Request request = World::request();
    Answer answer = co_await world.client->get(std::move(request));
    answers.push_back(std::move(answer));
  };
  for (int i = 0; i < 3; ++i) boost::asio::co_spawn(loop, task(), boost::asio::detached);
  while (world.server.requests().empty()) loop.poll(), std::this_thread::sleep_for(1ms);
  world.client->close();
  boost::asio::co_spawn(loop, task(), boost::asio::detached);  // and what comes later
  loop.run();
  ASSERT_EQ(answers.size(), 4u);
  for (const auto& answer : answers) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().fault, Fault::Refused);
    EXPECT_THAT(answer.error().error.rule, HasSubstr("closed"));
  }
}

TEST(Client, OutlivesNoCoroutineThatWaits) {
  World world(waits());
  auto& loop = world.loops.add();
  std::optional<Answer> answer;
  auto task = [&]() -> awaitable<void> {
    Request request = World::request();
    answer = co_await world.client->get(std::move(request));
  };
  boost::asio::co_spawn(loop, task(), boost::asio::detached);
  while (world.server.requests().empty()) loop.poll(), std::this_thread::sleep_for(1ms);
  world.client.reset();
  loop.run();
  ASSERT_TRUE(answer && !*answer);
}

}  // namespace
}  // namespace outrider::fetch
