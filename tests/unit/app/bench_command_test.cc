// Covers: app/command_line_bench.cc app/find_server.cc
#include "outrider/app/bench_command.h"

#include <gmock/gmock.h>

#include "folder.h"
#include "outrider/app/find_server.h"

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

TEST(FindServer, TakesAddressesAndNames) {
  std::string host;
  EXPECT_EQ(find_server("192.0.2.1:2525", host)->text(), "192.0.2.1:2525");
  EXPECT_EQ(host, "192.0.2.1");
  EXPECT_EQ(find_server("[2001:db8::1]:25", host)->text(), "[2001:db8::1]:25");
  EXPECT_EQ(find_server("localhost:2525", host)->port, 2525);
  EXPECT_EQ(host, "localhost");
  EXPECT_FALSE(find_server("no.such.host.invalid", host));
}

}  // namespace
}  // namespace outrider::app
