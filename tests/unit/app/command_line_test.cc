#include <gmock/gmock.h>

#include "folder.h"

namespace outrider::app {
namespace {

using testing::HasSubstr;

TEST(CommandLine, HelpTeachesWithExamples) {
  EXPECT_THAT(outrider({"--help"}).out, HasSubstr("Subcommands:"));
  const auto help = outrider({"send", "--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("echo hello | outrider send --server"));
  EXPECT_THAT(outrider({"queue", "--help"}).out, HasSubstr("outrider queue retry --destination"));
}

TEST(CommandLine, WhatItDoesNotKnowIsAnErrorOfUsage) {
  EXPECT_EQ(outrider({}).code, 64);
  EXPECT_EQ(outrider({"frobnicate"}).code, 64);
  EXPECT_EQ(outrider({"queue"}).code, 64);
  EXPECT_EQ(outrider({"queue", "show"}).code, 64);
  EXPECT_EQ(outrider({"queue", "list", "--limit", "0"}).code, 64);
  EXPECT_EQ(outrider({"send", "--from", "a@b.example"}).code, 64);
  EXPECT_EQ(outrider({"send", "--to", "a@b.example", "--plain", "--starttls"}).code, 64);
  EXPECT_EQ(outrider({"send", "--to", "a@b.example", "--ret", "some"}).code, 64);
}

TEST(CommandLine, TellsItsVersion) {
  EXPECT_THAT(outrider({"version"}).out, testing::StartsWith("outrider 0."));
  EXPECT_THAT(outrider({"--version"}).out, testing::StartsWith("outrider 0."));
  EXPECT_THAT(outrider({"version", "--json"}).out, testing::StartsWith("{\"version\":\"0."));
}

TEST(CommandLine, AnActionOnAllMessagesHasToBeMeant) {
  const Folder folder;
  const auto ran = outrider({"queue", "remove", "--socket", folder.file("control")});
  EXPECT_EQ(ran.code, 64);
  EXPECT_THAT(ran.err, HasSubstr("or --all"));
}

TEST(CommandLine, SaysThatNoServerRuns) {
  const Folder folder;
  const auto file = folder.write("x.toml", "[console]\nsocket = \"control\"\n");
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"queue", "list"}, {"queue", "retry", "--all"}, {"status"}, {"reload"}}) {
    auto all = arguments;
    all.insert(all.end(), {"-c", file});
    const auto ran = outrider(all);
    EXPECT_EQ(ran.code, 69);
    EXPECT_THAT(ran.err, testing::AllOf(HasSubstr(folder.file("control")),
                                        HasSubstr("start it with `outrider serve`")));
  }
}

TEST(CommandLine, NamesTheConfigurationThatIsNotThere) {
  const auto ran = outrider({"queue", "list", "-c", "/nowhere/x.toml"});
  EXPECT_EQ(ran.code, 66);
  EXPECT_THAT(ran.err, HasSubstr("/nowhere/x.toml"));
}

TEST(CommandLine, ServeRefusesABadConfiguration) {
  const Folder folder;
  const auto ran = outrider({"serve", "-c", folder.write("x.toml", "hostnam = \"a\"\n")});
  EXPECT_EQ(ran.code, 78);
  EXPECT_THAT(ran.err, HasSubstr("x.toml:1:1: error: unknown key \"hostnam\""));
}

TEST(Send, RefusesAddressesAndFilesBeforeItConnects) {
  const auto sent = [](std::vector<std::string> more) {
    std::vector<std::string> all{"send", "--server", "127.0.0.1:1", "--size-of", "100"};
    all.insert(all.end(), more.begin(), more.end());
    return outrider(all);
  };
  EXPECT_THAT(sent({"--to", "nobody"}).err, HasSubstr("--to: \"nobody\" is no address"));
  EXPECT_THAT(sent({"--to", "a@b.example", "--from", "<x"}).err, HasSubstr("--from:"));
  EXPECT_THAT(sent({"--to", "a@b.example", "--notify", "maybe"}).err, HasSubstr("--notify takes"));
  EXPECT_EQ(outrider({"send", "--to", "a@b.example", "--body", "/nowhere"}).code, 66);
  EXPECT_EQ(sent({"--to", "a@b.example"}).code, 75);
}

}  // namespace
}  // namespace outrider::app
