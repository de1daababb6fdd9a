// The control socket, with a real client at its other end. Covers: console/requests.cc
#include "outrider/console/server.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "fake_queue.h"
#include "outrider/console/client.h"

namespace outrider::console {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class ConsoleServer : public testing::Test {
 protected:
  ConsoleServer() : log_({.path = folder_ / "log"}) {
    queue.items = {item(7), item(8)};
    Actions actions{[this](Reloaded reloaded) { reloaded(reload_errors); },
                    [] { return std::string(R"({"version":"1","messages":2})"); }, broken_part};
    server_ = std::make_unique<Server>(*listen(path, std::nullopt, std::nullopt, 1), queue,
                                       std::move(actions), log_);
    thread_.start();
    server_->start({&thread_});
  }
  ~ConsoleServer() override {
    server_->stop();
    thread_.stop();
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  static std::filesystem::path make_folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "outrider-con-XXXXXX").string();
    return ::mkdtemp(pattern.data());
  }
  static queue::Item item(std::uint64_t id) {
    queue::Item item;
    item.id = MessageId{id};
    item.envelope.reverse_path = {"ada", "example.org"};
    item.envelope.size = 1432;
    item.envelope.recipients = {{.address = {"bob", "example.net"},
                                 .orcpt = {},
                                 .reply = "450 4.2.1 busy",
                                 .remote = "mx.example.net[192.0.2.1]:25"}};
    item.attempts = 2;
    return item;
  }
  static boost::asio::awaitable<std::optional<std::string>> broken_part(std::string request,
                                                                        std::string) {
    if (request.contains("tls.broken")) throw std::out_of_range("not exact");
    co_return std::nullopt;
  }
  json ask(const json& question) { return ask(question.dump()); }
  json ask(const std::string& question) {
    const auto answer = console::ask(path, question);
    return answer ? json::parse(*answer) : json(answer.error().text());
  }
  std::string logged() {
    log_.flush();
    std::ifstream in(folder_ / "log");
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::filesystem::path folder_ = make_folder();
  std::string path = folder_ / "control";
  FakeQueue queue;
  std::vector<std::string> reload_errors;

 private:
  Log log_;
  net::IoThread thread_{0};
  std::unique_ptr<Server> server_;
};

TEST_F(ConsoleServer, ListsWhatWaits) {
  const auto answer = ask({{"command", "queue.list"}, {"limit", 5}});
  EXPECT_EQ(answer["ok"], true);
  ASSERT_EQ(answer["items"].size(), 2u);
  const auto& first = answer["items"][0];
  EXPECT_EQ(first["id"], MessageId{7}.text());
  EXPECT_EQ(first["sender"], "ada@example.org");
  EXPECT_EQ(first["attempts"], 2);
  EXPECT_EQ(first["recipients"][0]["address"], "bob@example.net");
  EXPECT_EQ(first["recipients"][0]["reply"], "450 4.2.1 busy");
  EXPECT_EQ(answer["counts"]["bytes"], 4096);
  EXPECT_EQ(queue.limit, 5u);
}

TEST_F(ConsoleServer, PagesAreBounded) {
  ask({{"command", "queue.list"}, {"limit", 1000000000}, {"after", MessageId{7}.text()}});
  EXPECT_EQ(queue.limit, 1000u);
  EXPECT_EQ(queue.after, MessageId{7});
}

TEST_F(ConsoleServer, PassesTheWholeFilterOn) {
  ask({{"command", "queue.list"},
       {"ids", {MessageId{8}.text()}},
       {"sender", "@a.example"},
       {"recipient", "b@c.example"},
       {"destination", "d.example"},
       {"held", true}});
  EXPECT_EQ(queue.asked.ids, std::vector<MessageId>{MessageId{8}});
  EXPECT_EQ(queue.asked.sender, "@a.example");
  EXPECT_EQ(queue.asked.recipient, "b@c.example");
  EXPECT_EQ(queue.asked.destination, "d.example");
  EXPECT_EQ(queue.asked.held, true);
}

TEST_F(ConsoleServer, ShowsOneMessageWithItsContent) {
  const auto answer = ask({{"command", "queue.show"}, {"id", MessageId{8}.text()}, {"bytes", 100}});
  EXPECT_EQ(answer["item"]["id"], MessageId{8}.text());
  EXPECT_EQ(answer["content"], "Subject: hi\r\n\r\nbody\r\n");
  EXPECT_EQ(queue.limit, 100u);
  EXPECT_THAT(
      ask({{"command", "queue.show"}, {"id", MessageId{9}.text()}})["error"].get<std::string>(),
      HasSubstr("no message " + MessageId{9}.text()));
}

TEST_F(ConsoleServer, ShowsAMessageWhoseContentCannotBeRead) {
  queue.unreadable = true;
  const auto answer = ask({{"command", "queue.show"}, {"id", MessageId{8}.text()}});
  EXPECT_EQ(answer["item"]["id"], MessageId{8}.text());
  EXPECT_FALSE(answer.contains("content"));
  EXPECT_THAT(answer["content_error"].get<std::string>(), HasSubstr("frame 1 is damaged"));
}

TEST_F(ConsoleServer, ActsAndKeepsWhoAsked) {
  const std::pair<const char*, queue::Action> actions[] = {{"hold", queue::Action::Hold},
                                                           {"release", queue::Action::Release},
                                                           {"retry", queue::Action::Retry},
                                                           {"remove", queue::Action::Remove}};
  for (const auto& [name, action] : actions) {
    const auto answer =
        ask({{"command", "queue.apply"}, {"action", name}, {"sender", "@x.example"}});
    EXPECT_EQ(answer["messages"], 3);
    EXPECT_EQ(queue.action, action);
  }
  EXPECT_THAT(logged(),
              HasSubstr("operator action=hold messages=3 who=\"uid=" + std::to_string(::getuid())));
}

TEST_F(ConsoleServer, ReloadTellsHowItWent) {
  EXPECT_EQ(ask({{"command", "reload"}}), json({{"ok", true}}));
  reload_errors = {"x.toml:1:1: error: no", "x.toml:2:1: error: neither"};
  const auto refused = ask({{"command", "reload"}});
  EXPECT_EQ(refused["ok"], false);
  EXPECT_EQ(refused["errors"], json(reload_errors));
}

TEST_F(ConsoleServer, TellsItsStatus) {
  EXPECT_EQ(ask({{"command", "status"}}), json({{"ok", true}, {"version", "1"}, {"messages", 2}}));
}

TEST_F(ConsoleServer, BadRequestsHaveAnAnswerToo) {
  const auto error_of = [&](const std::string& question) {
    const auto answer = ask(question);
    EXPECT_EQ(answer["ok"], false) << question;
    return answer["error"].get<std::string>();
  };
  EXPECT_THAT(error_of("hello"), HasSubstr("not a JSON object"));
  EXPECT_THAT(error_of("[1]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(error_of("{}"), HasSubstr("no command"));
  EXPECT_THAT(error_of(R"({"command":"\u001b[1m"})"), HasSubstr("no command \"\\x1b"));
  EXPECT_THAT(error_of(R"({"command":"queue.apply","action":"burn"})"), HasSubstr("burn"));
  EXPECT_THAT(error_of(R"({"command":"queue.list","ids":["x"]})"), HasSubstr("no message id"));
  EXPECT_THAT(error_of(R"({"command":"queue.list","ids":[5]})"), HasSubstr("no message id"));
  EXPECT_THAT(error_of(R"({"command":"queue.show","id":"x"})"), HasSubstr("no message id"));
}

// An empty or misspelled filter must not widen what an action is done to.
TEST_F(ConsoleServer, AFilterOfAnotherTypeIsRefused) {
  for (const auto* part : {R"("sender":5)", R"("ids":"x")", R"("held":"yes")", R"("sendr":"a")"}) {
    const auto answer =
        ask(std::string(R"({"command":"queue.apply","action":"remove",)") + part + "}");
    EXPECT_EQ(answer["ok"], false) << part;
  }
  EXPECT_FALSE(queue.action);
}

TEST_F(ConsoleServer, EveryMessageHasToBeMeant) {
  EXPECT_EQ(ask({{"command", "queue.apply"}, {"action", "remove"}})["ok"], false);
  EXPECT_FALSE(queue.action);
  const json all{{"command", "queue.apply"}, {"action", "retry"}, {"all", true}};
  EXPECT_EQ(ask(all)["messages"], 3);
}

TEST_F(ConsoleServer, AFailingQueueIsAnAnswer) {
  queue.broken = true;
  EXPECT_THAT(ask({{"command", "queue.list"}})["error"].get<std::string>(),
              HasSubstr("the disk is gone"));
}

TEST_F(ConsoleServer, ABugIsAnAnswerAndNotTheEnd) {
  const auto answer = ask({{"command", "tls.broken"}});
  EXPECT_EQ(answer["ok"], false);
  EXPECT_THAT(answer["error"].get<std::string>(), HasSubstr("cannot be answered: not exact"));
  EXPECT_THAT(logged(), HasSubstr("error console reason=\"not exact\" who=\"uid="));
  EXPECT_EQ(ask({{"command", "status"}})["ok"], true);
}

TEST_F(ConsoleServer, TooLongARequestEndsTheConversation) {
  const auto answer = console::ask(path, std::string(3 << 20, 'x'));
  EXPECT_FALSE(answer);
}

TEST_F(ConsoleServer, TheSocketIsForItsUserAndGroup) {
  struct stat status;
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0660u);
}

TEST_F(ConsoleServer, ASecondOneOnTheSamePathIsRefused) {
  const auto second = listen(path, std::nullopt, std::nullopt, 1);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text(), HasSubstr(path));
}

TEST(Listen, GivesTheSocketToItsGroup) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may";
  const auto path =
      std::filesystem::temp_directory_path() / ("outrider-console-" + std::to_string(::getpid()));
  const auto* group = ::getgrnam("daemon");
  ASSERT_NE(group, nullptr);
  const auto listener = listen(path, std::nullopt, group->gr_gid, 1);
  ASSERT_TRUE(listener);
  struct stat status;
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_gid, group->gr_gid);
  EXPECT_EQ(status.st_uid, ::getuid());
}

}  // namespace
}  // namespace outrider::console
