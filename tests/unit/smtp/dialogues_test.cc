// Runs tests/dialogues/*.dialogue, each by line, by byte and with as much in one read as a client
// may send at once. In such a file
//     C: text             the client says it, with CRLF; \n and \r are a bare LF and CR
//     S: text             the server says exactly this; … stands for the rest of the reply
//     * tls               the handshake is done
//     * listener WORDS    what it is: lmtp, heritage, draft-hoffman, both, require-tls,
//     no-certificate
//     * too-weak          what TLS came to is not enough for this listener
//     * kept PATHS: TEXT  a message that was taken, in order; | is CRLF
//     * closed            the server has ended the session; else it must not have
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "support/dialogue.h"
#include "support/source_folder.h"

namespace outrider::smtp {
namespace {

using test::Cut;
using test::Dialogue;

struct Script {
  std::string name;
  std::vector<std::string> lines;
};

// For GoogleTest, which would print its bytes.
void PrintTo(const Script& script, std::ostream* out) { *out << script.name; }

std::vector<Script> all_scripts() {
  std::vector<Script> scripts;
  const auto folder = test::source_folder() / "dialogues";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    Script script{entry.path().stem().string(), {}};
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      if (!line.empty() && line[0] != '#') script.lines.push_back(line);
    }
    scripts.push_back(std::move(script));
  }
  return scripts;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string behind(std::string_view line, std::size_t mark) {
  line.remove_prefix(std::min(mark, line.size()));
  return std::string(line);
}

bool matches(std::string_view pattern, std::string_view line) {
  static constexpr std::string_view rest = "…";
  if (!pattern.ends_with(rest)) return pattern == line;
  return line.starts_with(pattern.substr(0, pattern.size() - rest.size()));
}

std::string text_of(const Dialogue::Message& message) {
  std::string text = message.reverse_path;
  for (const auto& recipient : message.recipients) text += " " + recipient;
  text += ":";
  if (!message.content.empty()) text += " " + replaced(message.content, "\r\n", "|");
  return text;
}

constexpr std::string_view listener = "* listener ";

class Player {
 public:
  Player(const Script& script, Cut cut)
      : cut_(cut), client_(options_of(script)), waiting_(client_.replies()) {
    for (const auto& line : script.lines) play(line);
    speak();
    EXPECT_EQ(waiting_, "");
    EXPECT_EQ(client_.closed(), closed_) << client_.why_closed();
    EXPECT_EQ(client_.messages().size(), kept_);
  }

 private:
  static ServerOptions options_of(const Script& script) {
    auto options = test::mx_options();
    std::string words;
    for (const auto& line : script.lines) {
      if (line.starts_with(listener)) words += line.substr(listener.size()) + " ";
    }
    if (words.contains("both")) options = test::draft_options(StartTlsForm::Both);
    if (words.contains("draft-hoffman")) options = test::draft_options();
    options.lmtp = words.contains("lmtp");
    options.heritage = words.contains("heritage");
    options.require_tls = words.contains("require-tls");
    if (words.contains("no-certificate")) options.offer_starttls = false;
    return options;
  }

  void play(const std::string& line) {
    SCOPED_TRACE(line);
    if (line.starts_with("C:")) {
      said_ += replaced(replaced(behind(line, 3), "\\n", "\n"), "\\r", "\r") + "\r\n";
      return;
    }
    speak();
    if (line.starts_with("S:")) {
      hear(behind(line, 3));
    } else if (line == "* tls") {
      client_.tls();
    } else if (line == "* too-weak") {
      client_.session().lacks_security();
    } else if (line == "* closed") {
      closed_ = true;
    } else if (line.starts_with("* kept ")) {
      ASSERT_LT(kept_, client_.messages().size());
      EXPECT_EQ(text_of(client_.messages()[kept_++]), behind(line, 7));
    } else {
      EXPECT_TRUE(line.starts_with(listener)) << "a line that nobody understands";
    }
  }

  // What the client says between two replies is one piece of input, cut as it shall be.
  void speak() {
    waiting_ += client_.says(said_, cut_);
    said_.clear();
  }

  void hear(const std::string& pattern) {
    do {
      const auto end = waiting_.find("\r\n");
      ASSERT_NE(end, std::string::npos) << "no reply";
      const auto line = waiting_.substr(0, end);
      waiting_.erase(0, end + 2);
      EXPECT_TRUE(matches(pattern, line)) << line;
    } while (pattern.ends_with("-…") && waiting_.substr(3, 1) == "-");
    if (pattern.ends_with("-…")) waiting_.erase(0, waiting_.find("\r\n") + 2);
  }

  Cut cut_;
  Dialogue client_;
  std::string waiting_;
  std::string said_;
  bool closed_ = false;
  std::size_t kept_ = 0;
};

class Dialogues : public testing::TestWithParam<Script> {};

TEST_P(Dialogues, HoldByLineByByteAndWhole) {
  for (const auto cut : {test::by_line, test::by_byte, test::whole}) {
    SCOPED_TRACE(cut.text());
    const Player player(GetParam(), cut);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Dialogues, testing::ValuesIn(all_scripts()),
                         [](const auto& script) { return script.param.name; });

}  // namespace
}  // namespace outrider::smtp
