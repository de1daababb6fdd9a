// A mail server on loopback that does what a test tells it: answers, refusals, silence, a closed
// connection at any step, TLS that fails. It keeps what it was given.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "outrider/base/text.h"
#include "outrider/net/io_thread.h"
#include "outrider/net/listener.h"
#include "outrider/net/stream.h"

namespace outrider::test {

using boost::asio::awaitable;

class ScriptedServer {
 public:
  struct Rules {
    std::string greeting = "220 mx.test ESMTP";
    std::vector<std::string> extensions = {"PIPELINING", "8BITMIME", "SMTPUTF8", "DSN",
                                           "ENHANCEDSTATUSCODES"};
    /// The answer to a command line, or to `.` for content; empty: the usual one. `-`: the
    /// connection is cut. `~`: silence until the client leaves.
    std::function<std::string(std::string_view command)> answer;
    std::shared_ptr<const tls::ServerContext> tls;  ///< offers STARTTLS
    bool implicit_tls = false;
    bool breaks_tls = false;  ///< says 220 to STARTTLS, and then no TLS
    bool cuts_tls = false;    ///< says 220 to STARTTLS, and closes after the ClientHello
    std::string tls_keyword = "STARTTLS";  ///< in EHLO; `TLS TLS1.2` for the draft of 1997
    bool heeds_token = true;               ///< negotiates the version that was asked for alone
    bool lmtp = false;
    std::string hangs_up_in_content;  ///< said after its first bytes, and no more is read
    Duration delay{0};                ///< before the answer to content
  };

  struct Message {
    std::string mail;                ///< the MAIL line
    std::vector<std::string> rcpts;  ///< accepted RCPT lines
    std::string content;             ///< unstuffed
    bool secure = false;
  };

  explicit ScriptedServer(Rules rules, std::string where = "127.0.0.1:0")
      : rules_(std::move(rules)), thread_(99) {
    thread_.start();
    net::ListenAddress address;
    if (where.starts_with('/')) {
      address.where = where;
    } else {
      address.where = *Endpoint::parse(where);
    }
    listener_ = *net::Listener::bind(address, 1);
    listener_->start({&thread_}, [this](net::Accepted accepted) {
      thread_.spawn(serve(net::Stream(accepted.thread, accepted.fd)));
    });
  }
  ~ScriptedServer() {
    listener_->stop();
    thread_.stop();
  }
  ScriptedServer(const ScriptedServer&) = delete;

  std::uint16_t port() const { return std::get<Endpoint>(listener_->address().where).port; }
  std::string route() const { return "smtp://127.0.0.1:" + std::to_string(port()); }
  std::vector<Message> messages() const {
    const std::lock_guard guard(lock_);
    return messages_;
  }
  std::vector<std::string> commands() const {
    const std::lock_guard guard(lock_);
    return commands_;
  }
  std::size_t count(std::string_view verb) const {
    std::size_t count = 0;
    for (const auto& command : commands()) count += istarts_with(command, verb);
    return count;
  }
  std::atomic<int> connections{0};
  std::atomic<int> open{0}, most_open{0};
  std::atomic<bool> offers_tls{true};  ///< false: as if somebody had taken it out of the reply
  std::atomic<bool> takes_tls{true};   ///< false: as with breaks_tls, from now on

 private:
  // One conversation.
  struct Talk {
    net::Stream stream;
    std::string input;
    Message message;
  };

  awaitable<std::string> line(Talk& talk) {
    for (;;) {
      const auto end = talk.input.find("\r\n");
      if (end != std::string::npos) {
        std::string text = talk.input.substr(0, end);
        talk.input.erase(0, end + 2);
        co_return text;
      }
      const bool more = co_await read(talk);
      if (!more) co_return std::string("\0closed", 7);
    }
  }
  awaitable<bool> read(Talk& talk) {
    char bytes[16384];
    const auto got = co_await talk.stream.read_some(bytes, std::chrono::seconds(30));
    if (!got || *got == 0) co_return false;
    talk.input.append(bytes, *got);
    co_return true;
  }
  /// False: the conversation is over.
  awaitable<bool> say(Talk& talk, std::string text) {
    if (text == "-") co_return false;
    if (text == "~") {
      bool more = true;
      while (more) more = co_await read(talk);
      co_return false;
    }
    text += "\r\n";
    const auto written = co_await talk.stream.write(text, std::chrono::seconds(30));
    co_return written.has_value();
  }
  std::string answer_to(std::string_view command, std::string usual) {
    const std::string given = rules_.answer ? rules_.answer(command) : std::string();
    return given.empty() ? usual : given;
  }

  awaitable<void> serve(net::Stream stream) {
    ++connections;
    most_open = std::max(most_open.load(), ++open);
    Talk talk{.stream = std::move(stream), .input = {}, .message = {}};
    co_await converse(talk);
    talk.stream.close();
    --open;
  }

  awaitable<void> converse(Talk& talk) {
    if (rules_.implicit_tls) {
      const auto facts = co_await talk.stream.accept_tls(rules_.tls, std::chrono::seconds(10));
      if (!facts) co_return;
      talk.message.secure = true;
    }
    bool goes_on = co_await say(talk, rules_.greeting);
    while (goes_on) {
      const std::string command = co_await line(talk);
      if (command.starts_with('\0')) co_return;
      {
        const std::lock_guard guard(lock_);
        commands_.push_back(command);
      }
      goes_on = co_await obey(talk, command);
    }
  }

  awaitable<bool> obey(Talk& talk, std::string command) {
    std::string answer = answer_to(command, "250 2.0.0 ok");
    if (istarts_with(command, "EHLO") || istarts_with(command, "LHLO")) {
      if (answer == "250 2.0.0 ok") answer = hello(talk);
      co_return co_await say(talk, answer);
    }
    if (istarts_with(command, "STARTTLS")) {
      co_return co_await start_tls(talk, answer, command.substr(8));
    }
    if (istarts_with(command, "MAIL")) {
      talk.message.mail = command;
      talk.message.rcpts.clear();
      talk.message.content.clear();
    }
    if (istarts_with(command, "RCPT") && answer.starts_with('2')) {
      talk.message.rcpts.push_back(command);
    }
    if (istarts_with(command, "DATA")) {
      if (answer.starts_with('2')) {
        answer = talk.message.rcpts.empty() ? "554 5.5.1 no recipients" : "354 go on";
      }
      const bool said = co_await say(talk, answer);
      if (!said || !answer.starts_with('3')) co_return said;
      co_return co_await take_content(talk);
    }
    if (istarts_with(command, "BDAT")) co_return co_await take_chunk(talk, command);
    if (istarts_with(command, "QUIT")) {
      const bool said = co_await say(talk, "221 2.0.0 bye");
      static_cast<void>(said);
      co_return false;
    }
    co_return co_await say(talk, answer);
  }

  std::string hello(const Talk& talk) const {
    std::vector<std::string> lines = rules_.extensions;
    const bool has_tls = (rules_.tls || rules_.breaks_tls || rules_.cuts_tls) && offers_tls;
    if (has_tls && !talk.message.secure) lines.push_back(rules_.tls_keyword);
    std::string text = lines.empty() ? "250 mx.test" : "250-mx.test";
    for (std::size_t i = 0; i < lines.size(); ++i) {
      text += (i + 1 < lines.size() ? "\r\n250-" : "\r\n250 ") + lines[i];
    }
    return text;
  }

  /// ` TLS1.2`: no other version.
  static std::optional<tls::Version> version_of(std::string_view token) {
    const auto* version = token.size() > 4 ? tls::version_named(token.substr(4)) : nullptr;
    return version ? std::optional(*version) : std::nullopt;
  }

  awaitable<bool> start_tls(Talk& talk, std::string answer, std::string token) {
    if (answer.starts_with("250")) answer = "220 2.0.0 go";
    const bool said = co_await say(talk, answer);
    if (!said || !answer.starts_with("220")) co_return said;
    if (rules_.breaks_tls || rules_.cuts_tls || !takes_tls) {
      const bool hello = co_await read(talk);
      if (hello && !rules_.cuts_tls) co_await say(talk, "this is no TLS");
      co_return false;
    }
    const auto only = rules_.heeds_token ? version_of(token) : std::nullopt;
    const auto facts = co_await talk.stream.accept_tls(rules_.tls, std::chrono::seconds(10), only);
    talk.message.secure = facts.has_value();
    co_return facts.has_value();
  }

  awaitable<bool> take_content(Talk& talk) {
    if (!rules_.hangs_up_in_content.empty()) {
      const bool more = co_await read(talk);
      if (more) co_await say(talk, rules_.hangs_up_in_content);
      co_await thread_.sleep(std::chrono::milliseconds(100));
      talk.stream.end_writing();
      // A reset would take the words with it.
      bool rest = true;
      while (rest) rest = co_await read(talk);
      co_return false;
    }
    for (;;) {
      std::string text = co_await line(talk);
      if (text.starts_with('\0')) co_return false;
      if (text == ".") break;
      if (text.starts_with('.')) text.erase(0, 1);
      talk.message.content += text + "\r\n";
    }
    co_return co_await end_content(talk);
  }

  awaitable<bool> take_chunk(Talk& talk, std::string command) {
    const bool last = command.ends_with(" LAST");
    const std::size_t size = std::stoul(command.substr(5));
    while (talk.input.size() < size) {
      const bool more = co_await read(talk);
      if (!more) co_return false;
    }
    talk.message.content += talk.input.substr(0, size);
    talk.input.erase(0, size);
    if (!last) co_return co_await say(talk, "250 2.0.0 chunk");
    co_return co_await end_content(talk);
  }

  awaitable<bool> end_content(Talk& talk) {
    if (rules_.delay > Duration(0)) co_await thread_.sleep(rules_.delay);
    if (!rules_.lmtp) {
      const std::string answer = answer_to(".", "250 2.0.0 taken");
      if (answer.starts_with('2')) keep(talk);
      co_return co_await say(talk, answer);
    }
    keep(talk);
    for (const auto& rcpt : talk.message.rcpts) {
      const bool said = co_await say(talk, answer_to(". " + rcpt, "250 2.0.0 taken"));
      if (!said) co_return false;
    }
    co_return true;
  }

  void keep(const Talk& talk) {
    const std::lock_guard guard(lock_);
    messages_.push_back(talk.message);
  }

  Rules rules_;
  mutable std::mutex lock_;
  std::vector<Message> messages_;
  std::vector<std::string> commands_;
  net::IoThread thread_;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace outrider::test
