// Covers: app/command_line_bench.cc app/find_server.cc
#include "outrider/app/bench_command.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <vector>

#include "folder.h"
#include "outrider/app/find_server.h"
#include "outrider/bench/message.h"
#include "outrider/net/io_thread.h"
#include "outrider/net/stream.h"
#include "support/test_ca.h"

namespace outrider::app {
namespace {

using testing::HasSubstr;

std::unique_ptr<bench::Sink> sink() {
  bench::SinkOptions options;
  options.address = *net::ListenAddress::parse("127.0.0.1:0");
  return std::move(*bench::Sink::start(options));
}

TEST(BenchCommand, HelpTeachesWithExamples) {
  EXPECT_THAT(outrider({"bench", "source", "--help"}).out, HasSubstr("--size 1K-20M"));
  EXPECT_THAT(outrider({"bench", "sink", "--help"}).out, HasSubstr("--expect 10000"));
}

TEST(BenchCommand, ErrorsOfUsageAreTold) {
  EXPECT_EQ(outrider({"bench"}).code, 64);
  EXPECT_EQ(outrider({"bench", "source", "--starttls", "--implicit-tls"}).code, 64);
  EXPECT_EQ(outrider({"bench", "source", "--greet", "--idle", "3"}).code, 64);
  EXPECT_EQ(outrider({"bench", "source", "--tls-version", "1.1"}).code, 64);
  EXPECT_EQ(outrider({"bench", "sink", "--refuse", "2"}).code, 64);
  EXPECT_EQ(outrider({"bench", "sink", "--key", "k.pem"}).code, 64);
  const auto size = outrider({"bench", "source", "--size", "big"});
  EXPECT_EQ(size.code, 64);
  EXPECT_THAT(size.err, HasSubstr("--size: \"big\" is no size"));
  const auto listen = outrider({"bench", "sink", "--listen", "here"});
  EXPECT_EQ(listen.code, 64);
  EXPECT_THAT(listen.err, HasSubstr("\"here\" is no address"));
}

// Options, and what is said of them.
struct Misuse {
  std::vector<std::string> options;
  std::string_view said;
};

void expect_refused(const std::string& half, const std::vector<Misuse>& all) {
  for (const auto& [options, said] : all) {
    std::vector<std::string> arguments{"bench", half};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const auto ran = outrider(arguments);
    EXPECT_EQ(ran.code, 64) << testing::PrintToString(options);
    EXPECT_THAT(ran.err, HasSubstr(std::string(said))) << testing::PrintToString(options);
  }
}

TEST(BenchCommand, WhatIsAboutTlsNeedsTls) {
  const std::vector<std::vector<std::string>> options = {
      {"--tls-version", "1.3"},
      {"--groups", "P-256"},
      {"--ciphers", "HIGH:!aNULL"},
      {"--cipher-suites", "TLS_AES_128_GCM_SHA256"},
      {"--signatures", "ECDSA+SHA256"},
      {"--no-tickets"},
      {"--resume"},
      {"--ca", "ca.pem"},
      {"--tls-name", "mx.test"},
      {"--certificate", "c.pem"}};
  for (const auto& given : options) {
    const std::string name = given.front();
    const std::string said = name + ": is about TLS: it needs --starttls or --implicit-tls";
    expect_refused("source", {{given, said}});
    if (name != "--resume" && name != "--ca" && name != "--tls-name" && name != "--certificate")
      expect_refused("sink", {{given, name + " requires --certificate"}});
  }
}

TEST(BenchCommand, ValuesOfTlsAreNamedWhereTheyAreWrong) {
  const std::vector<Misuse> both = {
      {{"--tls-version", "1.1"}, "--tls-version: 1.1 not in"},
      {{"--groups", "P-256:X9"}, "--groups: \"X9\" is not known to the TLS library"},
      {{"--groups", ""}, "--groups: \"\" names none"},
      {{"--groups", "P-256:P-256"}, "--groups: \"P-256:P-256\""},
      {{"--ciphers", "RC5"}, "--ciphers: \"RC5\" is not known"},
      {{"--cipher-suites", "TLS_X"}, "--cipher-suites: \"TLS_X\" is not known"},
      {{"--tls-version", "1.3", "--ciphers", "HIGH:!aNULL"}, "--ciphers: of TLS 1.2"},
      {{"--tls-version", "1.2", "--cipher-suites", "TLS_AES_128_GCM_SHA256"},
       "--cipher-suites: of TLS 1.3"}};
  for (auto misuse : both) {
    misuse.options.insert(misuse.options.end(), {"--certificate", "c.pem"});
    expect_refused("sink", {misuse});
    misuse.options.push_back("--starttls");
    expect_refused("source", {misuse});
  }
  expect_refused("source", {{{"--starttls", "--tls-name", "a b"}, "--tls-name: \"a b\" is no name"},
                            {{"--starttls", "--resume", "--no-tickets"}, "--no-tickets"},
                            {{"--starttls", "--key", "k.pem"}, "--key requires --certificate"}});
}

TEST(BenchCommand, ValuesThatMeanNothingAreRefused) {
  expect_refused("source",
                 {{{"--rate=-5"}, "--rate: \"-5\" is no number from 0 to 10000000"},
                  {{"--rate", "nan"}, "--rate: \"nan\""},
                  {{"--rate", "1e8"}, "--rate: \"1e8\""},
                  {{"--from", "nobody"}, "--from: \"nobody\" is no mailbox"},
                  {{"--from", ""}, "--from: \"\" is no mailbox"},
                  {{"--to", "a@b@c"}, "--to: \"a@b@c\" is no mailbox"},
                  {{"--to", "<a@b.test>"}, "--to: \"<a@b.test>\" is no mailbox"},
                  {{"--helo", "a b"}, "--helo: \"a b\" is no name"},
                  {{"--server", "127.0.0.1:70000"}, "--server: \"127.0.0.1:70000\" is no server"},
                  {{"--server", "127.0.0.1:0"}, "with a port from 1 to 65535"}});
  expect_refused("sink", {{{"--refuse", "nan"}, "--refuse: \"nan\""},
                          {{"--listen", "127.0.0.1:70000"}, "--listen: "}});
}

TEST(BenchCommand, WithoutMailNothingIsSaidOfMail) {
  const std::vector<std::vector<std::string>> options = {
      {"--size", "5K"},          {"--recipients", "2"},
      {"--per-connection", "2"}, {"--from", "a@b.test"},
      {"--to", "a@b.test"},      {"--users", "2"},
      {"--domains", "2"},        {"--bdat"},
      {"--pipelining"}};
  for (auto given : options) {
    const std::string said = given.front() + ": is about mail";
    given.push_back("--greet");
    expect_refused("source", {{given, said}});
    given.back() = "--idle=1";
    expect_refused("source", {{given, said}});
  }
}

TEST(BenchCommand, TheServersCertificateIsVerified) {
  test::TestCa ca;
  const auto files = ca.issue("mx.test");
  bench::SinkOptions options;
  options.address = *net::ListenAddress::parse("127.0.0.1:0");
  options.key = tls::KeyPair{files.certificate, files.key};
  const auto taking = bench::Sink::start(options);
  const auto greet = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"bench", "source", "--server", (*taking)->address().text(),
                               "--greet", "-m", "2", "--starttls"});
    return outrider(std::move(more));
  };
  EXPECT_EQ(greet({}).code, 0);
  EXPECT_EQ(greet({"--ca", ca.authority_file(), "--tls-name", "mx.test"}).code, 0);
  const auto refused = greet({"--ca", ca.authority_file()});
  EXPECT_EQ(refused.code, 69);
  EXPECT_THAT(refused.out, HasSubstr("2 messages or connections unanswered: TLS: "));
  EXPECT_EQ(greet({"--ca", "/nowhere.pem"}).code, 66);
  EXPECT_EQ(greet({"--certificate", "/nowhere.pem"}).code, 66);
}

TEST(BenchCommand, TellsWhatCameOfIt) {
  const auto taking = sink();
  const auto server = taking->address().text();
  const auto text = outrider({"bench", "source", "--server", server, "-m", "20", "-s", "2"});
  EXPECT_EQ(text.code, 0);
  EXPECT_THAT(text.out, HasSubstr("20 messages to 20 recipients in "));
  EXPECT_THAT(text.out, HasSubstr("2 connections, "));
  const auto json =
      outrider({"bench", "source", "--server", server, "-m", "20", "-r", "3", "--json"});
  EXPECT_THAT(json.out, HasSubstr("\"recipients\":60,"));
  const auto idle = outrider({"bench", "source", "--server", server, "-m", "5", "--idle", "0"});
  EXPECT_THAT(idle.out, HasSubstr("open: 5 of 5 connections"));
}

TEST(BenchCommand, WhatIsNotTakenIsToldByTheExitCode) {
  const auto ran = outrider({"bench", "source", "--server", "127.0.0.1:1", "-m", "2"});
  EXPECT_EQ(ran.code, 69);
  EXPECT_THAT(ran.out, HasSubstr("2 messages or connections unanswered: "));
  EXPECT_EQ(outrider({"bench", "source", "--server", "no.such.host.invalid:25"}).code, 69);
}

TEST(BenchCommand, ASinkThatWaitsInVainSaysSo) {
  const auto ran = outrider({"bench", "sink", "--expect", "1", "--seconds", "1", "--json"});
  EXPECT_EQ(ran.code, 65);
  EXPECT_THAT(ran.out, HasSubstr("listening on 127.0.0.1:"));
  EXPECT_THAT(ran.out, HasSubstr("\"distinct\":0"));
  EXPECT_EQ(outrider({"bench", "sink", "--seconds", "1"}).code, 0);
  EXPECT_EQ(outrider({"bench", "sink", "--certificate", "/nowhere.pem"}).code, 66);
}

// The same message twice on a connection, the second one when the first has been counted.
net::awaitable<void> give_twice(net::IoThread& thread, Endpoint to) {
  const std::chrono::seconds patience(5);
  auto stream = co_await net::connect_tcp(thread, to, std::nullopt, patience);
  while (!stream) {
    co_await thread.sleep(std::chrono::milliseconds(20));
    stream = co_await net::connect_tcp(thread, to, std::nullopt, patience);
  }
  const bench::Label label{1, 2, 1};
  const std::string content =
      bench::make_header(label, "a@b.test", "c@d.test") + std::string(bench::text_from(label, 0));
  const std::string message = fmt::format(
      "MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nBDAT {} LAST\r\n{}", content.size(), content);
  std::array<char, 2000> answers;
  const std::vector<std::string> dialogue{"EHLO a.test\r\n", message, message};
  for (const auto& words : dialogue) {
    co_await stream->write(words, patience);
    co_await stream->read_some(answers, patience);
    co_await thread.sleep(std::chrono::milliseconds(200));
  }
}

TEST(BenchCommand, ADuplicateRightBehindTheLastExpectedIsSeen) {
  const auto free = std::get<Endpoint>(sink()->address().where);
  net::IoThread thread(0);
  thread.spawn(give_twice(thread, free));
  thread.start();
  const auto ran = outrider(
      {"bench", "sink", "--listen", free.text(), "--expect", "1", "--seconds", "20", "--json"});
  thread.stop();
  EXPECT_EQ(ran.code, 65);
  EXPECT_THAT(ran.out, HasSubstr("\"deliveries\":2,\"distinct\":1"));
}

TEST(FindServer, TakesAddressesAndNames) {
  std::string host;
  EXPECT_EQ(find_server("192.0.2.1:2525", host)->text(), "192.0.2.1:2525");
  EXPECT_EQ(host, "192.0.2.1");
  EXPECT_EQ(find_server("[2001:db8::1]:25", host)->text(), "[2001:db8::1]:25");
  EXPECT_EQ(find_server("localhost:2525", host)->port, 2525);
  EXPECT_EQ(host, "localhost");
  EXPECT_EQ(find_server("::1", host)->text(), "[::1]:25");
  EXPECT_EQ(find_server("no.such.host.invalid", host).error().blame, Blame::Environment);
}

TEST(FindServer, RefusesWhatIsNoServer) {
  std::string host;
  for (const auto* text : {"127.0.0.1:70000", "127.0.0.1:0", "[::1]:65536", "localhost:smtp", "",
                           ":25", "localhost:", "smtps://localhost"}) {
    const auto found = find_server(text, host);
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(found.error().blame, Blame::Operator) << text;
  }
}

}  // namespace
}  // namespace outrider::app
