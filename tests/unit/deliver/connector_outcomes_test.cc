// R8, T5: what becomes of mail at the hands of a server, or of somebody in between, that spoils
// TLS, by level. The table is that of docs/delivery.md, which is read here: it cannot be wrong.
#include <gmock/gmock.h>

#include <filesystem>
#include <sstream>

#include "support/source_folder.h"
#include "unit/deliver/secured.h"

namespace outrider::deliver {
namespace {

struct Spoiler {
  std::string text;  // as in the table
  std::function<ScriptedServer::Rules(Secured&)> rules;
};

ScriptedServer::Rules answering(Secured& site, std::string reply) {
  ScriptedServer::Rules rules{.tls = site.context};
  rules.answer = [reply](std::string_view command) -> std::string {
    return command == "STARTTLS" ? reply : "";
  };
  return rules;
}

ScriptedServer::Rules of_old_version(Secured& site) {
  tls::Parameters old;
  old.least = old.most = tls::Version::Tls10;
  old.ciphers = "DEFAULT:@SECLEVEL=0";
  return {.tls = site.context_of(old)};
}

const std::vector<Spoiler>& spoilers() {
  static const std::vector<Spoiler> all{
      {"nothing", [](Secured& site) { return ScriptedServer::Rules{.tls = site.context}; }},
      {"does not offer STARTTLS", [](Secured&) { return ScriptedServer::Rules{}; }},
      {"answers STARTTLS with 454",
       [](Secured& site) { return answering(site, "454 4.7.0 not now"); }},
      {"says more in clear behind its 220",
       [](Secured& site) { return answering(site, "220 go\r\n250 injected"); }},
      {"answers the handshake in clear",
       [](Secured&) { return ScriptedServer::Rules{.breaks_tls = true}; }},
      {"cuts the handshake", [](Secured&) { return ScriptedServer::Rules{.cuts_tls = true}; }},
      {"knows TLS 1.0 alone", of_old_version},
  };
  return all;
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, '|');) {
    const auto begin = cell.find_first_not_of(' ');
    if (begin == cell.npos) continue;
    cells.push_back(cell.substr(begin, cell.find_last_not_of(' ') - begin + 1));
  }
  return cells;
}

/// The row of the documentation: the text, and a word for each level.
std::vector<std::string> row_of(const std::string& text) {
  const auto page = test::source_folder().parent_path() / "docs/delivery.md";
  std::ifstream in(page);
  for (std::string line; std::getline(in, line);) {
    const auto cells = cells_of(line);
    if (cells.size() == 5 && cells[0] == text) return cells;
  }
  return {};
}

std::string outcome(const Spoiler& spoiler, std::string_view level) {
  Secured site;
  ScriptedServer server(spoiler.rules(site));
  site.route(server, level);
  site.send();
  EXPECT_TRUE(comes_true([&] {
    return !server.messages().empty() || site.post.lines("status=deferred") > 0;
  })) << site.post.log();
  if (server.messages().empty()) {
    EXPECT_EQ(server.count("MAIL"), 0u) << "not even an address goes in clear";
    EXPECT_EQ(site.post.queue->counts().messages, 1u);
    return "waits";
  }
  return server.messages()[0].secure ? "TLS" : "clear";
}

class Outcome : public testing::TestWithParam<std::size_t> {};

TEST_P(Outcome, R8_T5_IsWhatTheDocumentationSays) {
  const Spoiler& spoiler = spoilers()[GetParam()];
  const auto row = row_of(spoiler.text);
  ASSERT_EQ(row.size(), 5u) << "no row in docs/delivery.md: " << spoiler.text;
  const std::string levels[] = {"none", "opportunistic", "encrypt", "verify"};
  for (std::size_t i = 0; i < std::size(levels); ++i) {
    EXPECT_EQ(outcome(spoiler, levels[i]), row[i + 1]) << spoiler.text << ", " << levels[i];
  }
}
INSTANTIATE_TEST_SUITE_P(All, Outcome, testing::Range<std::size_t>(0, spoilers().size()));

}  // namespace
}  // namespace outrider::deliver
