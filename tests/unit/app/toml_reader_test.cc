#include <gtest/gtest.h>

#include "outrider/app/print.h"
#include "outrider/app/values.h"

namespace outrider::app {
namespace {

struct Case {
  std::string_view toml;
  std::string_view error;  // the whole line
};

constexpr Case cases[] = {
    {"hostnam = \"mx.example\"",
     R"(x.toml:1:1: error: unknown key "hostnam"; did you mean "hostname"?)"},
    {"\n[[listener]]\n  require-tls = true",
     R"(x.toml:3:3: error: unknown key "require-tls" in [[listener]]; )"
     R"(did you mean "require_tls"?)"},
    {"[queue]\npaht = \"q\"",
     R"(x.toml:2:1: error: unknown key "paht" in [queue]; did you mean "path"?)"},
    {"[quue]\npath = \"q\"", R"(x.toml:1:2: error: unknown key "quue"; did you mean "queue"?)"},
    {"[[queue]]\npath = \"q\"", R"(x.toml:1:3: error: "queue" must be written [queue])"},
    {"[listener]\nname = \"a\"", R"(x.toml:1:2: error: "listener" must be written [[listener]])"},
    {"queue = 5", R"(x.toml:1:1: error: "queue" must be written [queue])"},
    {"listener = []", R"(x.toml:1:1: error: "listener" must be written [[listener]])"},
    {"hostname = 5", R"(x.toml:1:12: error: "hostname" must be a text in quotes)"},
    {"[queue]\nlifetime = 5", R"(x.toml:2:12: error: "lifetime" must be a duration as "5m")"},
    {"[queue]\nlifetime = \"5 days\"",
     R"(x.toml:2:12: error: "lifetime" must be a duration as "5m")"},
    {"[queue]\nlifetime = \"90d\"", R"(x.toml:2:12: error: "lifetime" must be 1s to 60d)"},
    {"[queue]\nretry_factor = 0.5", R"(x.toml:2:16: error: "retry_factor" must be 1 to 10)"},
    {"[queue]\nretry_factor = nan", R"(x.toml:2:16: error: "retry_factor" must be 1 to 10)"},
    {"[queue]\nleast_free = \"1KiB\"",
     R"(x.toml:2:14: error: "least_free" must be at least 1 MiB)"},
    {"[queue]\nleast_free = true", R"(x.toml:2:14: error: "least_free" must be a size as "50MiB")"},
    {"[limits]\nrecipients = 20", R"(x.toml:2:14: error: "recipients" must be 100 to 10000)"},
    {"[limits]\nrecipients = \"many\"",
     R"(x.toml:2:14: error: "recipients" must be a whole number)"},
    {"[dns]\nreverse = \"yes\"", R"(x.toml:2:11: error: "reverse" must be true or false)"},
    {"[log]\nformat = \"xml\"", R"(x.toml:2:10: error: "format" must be one of: text, json)"},
    {"[relay]\nnetworks = [1]", R"(x.toml:2:12: error: "networks" must be a list of texts)"},
};

TEST(ReadDocument, SaysWhereWhatIsWrong) {
  for (const Case& each : cases) {
    const auto document = read_document(each.toml, "x.toml");
    ASSERT_TRUE(document) << each.toml;
    ASSERT_EQ(document->errors.size(), 1u) << each.toml;
    EXPECT_EQ(error_line(document->errors.front()), each.error);
  }
}

TEST(ReadDocument, TellsAllErrors) {
  const auto document = read_document("a = 1\n[queue]\nlifetime = 1\nb = 2\n[c]\n", "x.toml");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->errors.size(), 4u);
}

TEST(ReadDocument, RefusesWhatIsNoToml) {
  const auto document = read_document("hostname = \"mx\"\n[queue\n", "x.toml");
  ASSERT_FALSE(document);
  EXPECT_TRUE(document.error().place.starts_with("x.toml:2:")) << document.error().text();
}

TEST(ReadDocument, KeyFromOutsideIsPrintable) {
  const auto document = read_document("\"a\\u001b[31m\" = 1\n", "x.toml");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->errors.at(0).input.find('\x1b'), std::string::npos);
}

TEST(ReadDocument, DefaultsStandWhereNothingIsGiven) {
  const auto document = read_document("", "x.toml");
  ASSERT_TRUE(document && document->errors.empty());
  EXPECT_EQ(document->table("queue").text("path"), "/var/lib/outrider/queue");
  EXPECT_EQ(document->table("queue").duration("lifetime"), std::chrono::hours(120));
  EXPECT_EQ(document->table("limits").number("message_size"), 50u << 20);
  EXPECT_EQ(document->table("relay").list("networks"),
            (std::vector<std::string>{"127.0.0.0/8", "::1"}));
  EXPECT_TRUE(document->list("listener").empty());
}

TEST(ReadDocument, ABrokenValueLeavesTheDefault) {
  const auto document = read_document("[queue]\nlifetime = 1\n", "x.toml");
  ASSERT_TRUE(document);
  EXPECT_TRUE(document->table("queue").broken("lifetime"));
  EXPECT_EQ(document->table("queue").duration("lifetime"), std::chrono::hours(120));
}

TEST(ReadDocument, OneTextIsAListOfOne) {
  const auto document = read_document("[relay]\nnetworks = \"10.0.0.0/8\"\n", "x.toml");
  EXPECT_EQ(document->table("relay").list("networks"), std::vector<std::string>{"10.0.0.0/8"});
}

TEST(ReadDocument, PathsAreRelativeToTheFile) {
  const auto document = read_document("[queue]\npath = \"q\"\n[tls]\ncertificate = \"a.pem\"\n",
                                      "/etc/outrider/x.toml");
  EXPECT_EQ(document->table("queue").text("path"), "/etc/outrider/q");
  EXPECT_EQ(document->table("tls").list("certificate").at(0), "/etc/outrider/a.pem");
}

}  // namespace
}  // namespace outrider::app
