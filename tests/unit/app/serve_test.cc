// The program as a whole: a server in a process of its own, and the command line beside it.
// Covers: app/server.cc app/trust_parts.cc app/queue_command.cc app/send.cc app/ask.cc
// Covers: app/command_line_parts.cc app/tls_desk.cc
#include "outrider/app/serve.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "folder.h"
#include "support/test_ca.h"

namespace outrider::app {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 2000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

class Serve : public testing::Test {
 protected:
  Serve() { write(""); }
  ~Serve() override {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
  }

  void write(const std::string& more) {
    folder.write("x.toml",
                 "hostname = \"mx.test\"\n[service]\nthreads = 1\n[queue]\npath = \"queue\"\n"
                 "[console]\nsocket = \"control\"\n[log]\nfile = \"log\"\n"
                 "[dns]\nforwarders = \"127.0.0.1@1\"\n"
                 "[[listener]]\nname = \"smtp\"\naddress = \"unix:smtp\"\n"
                 "[[domain]]\nname = \"dst.test\"\nusers = [\"ada\", \"late\"]\n"
                 "deliver = \"maildir:" +
                     folder.file("mail") + "/{user}\"\n" + more);
  }

  void start() {
    std::filesystem::remove(folder.file("smtp"));
    child_ = ::fork();
    if (child_ == 0) {
      const int out = ::open(folder.file("out").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      ::dup2(out, 1);
      ::dup2(out, 2);
      ::_exit(serve(folder.file("x.toml")));
    }
    ASSERT_TRUE(eventually([&] { return command({"status"}).code == 0; }))
        << content_of(folder.file("out")) << content_of(folder.file("log"));
  }

  int end(int signal) {
    int status = 0;
    ::kill(child_, signal);
    ::waitpid(std::exchange(child_, 0), &status, 0);
    if (signal != SIGKILL) EXPECT_EQ(content_of(folder.file("out")), "");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  Ran command(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-c", folder.file("x.toml")});
    return outrider(arguments);
  }

  Ran send(const std::string& to, std::vector<std::string> more = {}) {
    std::vector<std::string> all{"send",   "--server",     "unix:" + folder.file("smtp"),
                                 "--from", "eve@src.test", "--to",
                                 to,       "--helo",       "client.test"};
    all.insert(all.end(), more.begin(), more.end());
    if (more.empty()) all.insert(all.end(), {"--size-of", "2000"});
    return outrider(all);
  }

  std::size_t delivered(const std::string& user) {
    std::error_code none;
    std::size_t count = 0;
    for (auto at = std::filesystem::directory_iterator(folder.file("mail/" + user + "/new"), none);
         at != std::filesystem::directory_iterator(); ++at)
      ++count;
    return count;
  }

  nlohmann::json queued() {
    return nlohmann::json::parse(command({"queue", "list", "--json"}).out)["items"];
  }

  Folder folder;
  pid_t child_ = 0;
};

TEST_F(Serve, ExplainsItsDecisions) {
  write("[[route]]\ndomain = \"away.test\"\nvia = \"smtp://192.0.2.1\"\ntls = \"encrypt\"\n");
  start();
  const auto told = command({"tls", "explain", "ada@away.test"});
  EXPECT_EQ(told.code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("verdict    encrypt, otherwise wait"));
  EXPECT_THAT(command({"tls", "explain", "dst.test"}).out, HasSubstr("No other server"));
  const auto refused = command({"tls", "explain", "not a name"});
  EXPECT_EQ(refused.code, 65);
  EXPECT_THAT(refused.err, HasSubstr("is no address and no domain"));
  EXPECT_EQ(end(SIGTERM), 0);
}

TEST_F(Serve, TakesMailAndDeliversIt) {
  start();
  const auto sent = send("ada@dst.test");
  EXPECT_EQ(sent.code, 0);
  EXPECT_THAT(sent.out, testing::AllOf(HasSubstr("S: 220 mx.test ESMTP"),
                                       HasSubstr("C: MAIL FROM:<eve@src.test>"),
                                       HasSubstr("=> ada@dst.test: 250 2.0.0")));
  EXPECT_TRUE(eventually([&] { return delivered("ada") == 1; }));
  EXPECT_TRUE(eventually([&] { return queued().empty(); }));
  EXPECT_EQ(end(SIGTERM), 0);
  EXPECT_THAT(content_of(folder.file("log")), HasSubstr(" stopped"));
}

TEST_F(Serve, LooksAtItsCertificatesByItself) {
  test::TestCa ca;
  const auto files = ca.issue("mx.test");
  write("[tls]\nwatch = \"20ms\"\ncertificate = \"" + files.certificate + "\"\nkey = \"" +
        files.key + "\"\n");
  start();
  const auto log = [this] { return content_of(folder.file("log")); };
  EXPECT_THAT(log(), HasSubstr("note=\"groups X25519"));
  std::ofstream(files.certificate) << "no certificate\n";
  EXPECT_TRUE(eventually([&] {
    return log().contains("certificates status=refused file=" + files.certificate) &&
           log().contains("no certificate");
  })) << log();
  ca.replace(files, {.names = {"mx.test"}});
  EXPECT_TRUE(eventually([&] { return log().contains("certificates status=renewed"); })) << log();
  EXPECT_EQ(end(SIGTERM), 0);
}

TEST_F(Serve, SendTellsWhatWasRefused) {
  start();
  const auto refused = send("nobody@dst.test");
  EXPECT_EQ(refused.code, 69);
  EXPECT_THAT(refused.out, HasSubstr("=> nobody@dst.test: 550 5.1.1"));
  const auto json = send("nobody@dst.test", {"--json", "--size-of", "500"});
  EXPECT_EQ(nlohmann::json::parse(json.out)["code"], 550);
  EXPECT_EQ(end(SIGINT), 0);
}

TEST_F(Serve, AMessageThatWaitsCanBeSeenHeldAndRemoved) {
  write("[[route]]\ndomain = \"late@dst.test\"\nvia = \"error:450 4.3.2 not now\"\n");
  start();
  ASSERT_EQ(send("late@dst.test", {"--body", folder.write("m", "Subject: hi\n\nbody\n")}).code, 0);
  ASSERT_TRUE(eventually([&] { return queued().size() == 1 && queued()[0]["attempts"] == 1; }));
  const auto id = queued()[0]["id"].get<std::string>();
  const auto list = command({"queue", "list"});
  EXPECT_THAT(list.out, testing::AllOf(HasSubstr(id), HasSubstr("<eve@src.test>"),
                                       HasSubstr("late@dst.test"), HasSubstr("450 4.3.2 not now"),
                                       HasSubstr("-- 1 in the queue, 0 held")));
  EXPECT_THAT(command({"queue", "show", id}).out, HasSubstr("Subject: hi"));
  EXPECT_THAT(command({"queue", "hold", id}).out, HasSubstr("hold: 1 messages"));
  EXPECT_THAT(command({"queue", "list", "--held"}).out, HasSubstr(id + "!"));
  EXPECT_THAT(command({"queue", "release", "--sender", "@src.test"}).out, HasSubstr("1 messages"));
  EXPECT_THAT(command({"queue", "remove", "--recipient", "@other.test"}).out,
              HasSubstr("0 messages"));
  EXPECT_THAT(command({"queue", "remove", id}).out, HasSubstr("remove: 1 messages"));
  EXPECT_TRUE(queued().empty());
  EXPECT_EQ(command({"queue", "show", id}).code, 65);
  EXPECT_EQ(end(SIGTERM), 0);
}

TEST_F(Serve, ContentThatCannotBeReadIsToldBesideItsEnvelope) {
  write("[[route]]\ndomain = \"late@dst.test\"\nvia = \"error:450 4.3.2 not now\"\n");
  start();
  ASSERT_EQ(send("late@dst.test", {"--size-of", "600000"}).code, 0);
  ASSERT_TRUE(eventually([&] { return queued().size() == 1; }));
  const auto id = queued()[0]["id"].get<std::string>();
  const std::string file = folder.file("queue/content/" + id);
  std::fstream(file, std::ios::in | std::ios::out).seekp(1000).put('\1');
  const auto shown = command({"queue", "show", id});
  EXPECT_EQ(shown.code, 65);
  EXPECT_THAT(shown.out, HasSubstr("late@dst.test"));
  EXPECT_THAT(shown.err, HasSubstr(file + ": frame 0 is damaged"));
  EXPECT_EQ(command({"queue", "show", id, "--json"}).code, 65);
  EXPECT_EQ(end(SIGTERM), 0);
}

TEST_F(Serve, MailSurvivesAKill) {
  write("[[route]]\ndomain = \"late@dst.test\"\nvia = \"error:450 4.3.2 not now\"\n");
  start();
  ASSERT_EQ(send("late@dst.test").code, 0);
  EXPECT_EQ(end(SIGKILL), -SIGKILL);
  write("");
  start();
  ASSERT_EQ(command({"queue", "retry", "--all"}).code, 0);
  EXPECT_TRUE(eventually([&] { return delivered("late") == 1; }));
  EXPECT_EQ(end(SIGTERM), 0);
}

TEST_F(Serve, ReloadTellsHowItWent) {
  start();
  write("bogus = 1\n");
  const auto refused = command({"reload"});
  EXPECT_EQ(refused.code, 78);
  EXPECT_THAT(refused.err, testing::AllOf(HasSubstr("the old one stays"),
                                          HasSubstr("unknown key \"bogus\" in [[domain]]")));
  EXPECT_EQ(send("ada@dst.test").code, 0);
  write(
      "[[domain]]\nname = \"new.test\"\nusers = \"ada\"\ndeliver = \"discard\"\n"
      "[delivery]\nhosts = 7\n");
  const auto done = command({"reload"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(send("ada@new.test").code, 0);
  EXPECT_TRUE(eventually(
      [&] { return content_of(folder.file("log")).contains("status=done at_restart=delivery"); }));
  EXPECT_EQ(end(SIGTERM), 0);
}

TEST_F(Serve, ASecondServerOnTheSameQueueIsRefused) {
  start();
  const auto second = folder.write("y.toml",
                                   "hostname = \"mx.test\"\n[queue]\npath = \"queue\"\n"
                                   "[console]\nsocket = \"control2\"\n");
  const auto child = ::fork();
  if (child == 0) {
    const int out = ::open(folder.file("out2").c_str(), O_WRONLY | O_CREAT, 0600);
    ::dup2(out, 2);
    ::_exit(serve(second));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 75);
  EXPECT_THAT(content_of(folder.file("out2")), HasSubstr(folder.file("queue")));
  EXPECT_EQ(end(SIGTERM), 0);
}

TEST_F(Serve, ControlSocketIsOpenToItsGroupAlone) {
  start();
  struct stat status;
  ASSERT_EQ(::stat(folder.file("control").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0660u);
  EXPECT_EQ(end(SIGTERM), 0);
  EXPECT_NE(::stat(folder.file("control").c_str(), &status), 0) << "it is gone with the server";
}

}  // namespace
}  // namespace outrider::app
