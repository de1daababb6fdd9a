#include "outrider/app/send.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>
#include <sstream>
#include <utility>

#include "outrider/app/exit_code.h"
#include "outrider/app/find_server.h"
#include "outrider/app/print.h"
#include "outrider/base/text.h"
#include "outrider/net/io_thread.h"
#include "outrider/net/stream.h"
#include "outrider/smtp/grammar.h"

namespace outrider::app {
namespace {

using boost::asio::awaitable;
using std::chrono::seconds;

constexpr seconds patience{120};

// One conversation, told as it goes.
class Talk {
 public:
  Talk(const SendOptions& options, smtp::Transaction transaction, std::string content)
      : options_(options), transaction_(std::move(transaction)), content_(std::move(content)) {
    client_.hostname = options.helo;
    client_.lmtp = options.lmtp;
    client_.chunking = options.chunking;
    client_.pipelining = options.pipelining;
  }

  awaitable<int> run(net::IoThread& thread);

 private:
  awaitable<Result<net::Stream>> connect(net::IoThread& thread);
  awaitable<bool> start_tls(net::Stream& stream, smtp::ClientSession* session);
  awaitable<bool> exchange(net::Stream& stream, smtp::ClientSession& session);
  awaitable<bool> flush(net::Stream& stream, smtp::ClientSession& session);
  awaitable<bool> give_content(net::Stream& stream, smtp::ClientSession& session);
  awaitable<int> converse(net::Stream& stream, smtp::ClientSession& session);
  void go_on(smtp::ClientSession& session);
  void show(std::string_view who, std::string_view lines) const;
  void report(const smtp::Done& done);
  int give_up(const std::string& why) const;

  const SendOptions& options_;
  smtp::Transaction transaction_;
  std::string content_;
  smtp::ClientOptions client_;
  std::shared_ptr<const tls::ClientContext> context_;
  std::string host_;
  std::size_t sent_ = 0;
  int result_ = exit_ok;
};

void Talk::show(std::string_view who, std::string_view lines) const {
  if (options_.quiet || options_.json) return;
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    auto line = lines.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    print(fmt::format("{}: {}\n", who, printable(line, 2000)));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

int Talk::give_up(const std::string& why) const {
  print_error(why);
  return exit_temporary;
}

awaitable<Result<net::Stream>> Talk::connect(net::IoThread& thread) {
  if (options_.server.starts_with("unix:")) {
    host_ = "localhost";
    co_return co_await net::connect_unix(thread, options_.server.substr(5), patience);
  }
  const auto endpoint = find_server(options_.server, host_);
  if (!endpoint) co_return std::unexpected(endpoint.error());
  co_return co_await net::connect_tcp(thread, *endpoint, std::nullopt, patience);
}

awaitable<bool> Talk::start_tls(net::Stream& stream, smtp::ClientSession* session) {
  trust::Verdict verdict;
  verdict.level = options_.verify ? trust::Level::Verify : trust::Level::Encrypt;
  verdict.names = {host_};
  const auto facts = co_await stream.connect_tls(context_, host_, verdict, patience);
  if (!facts) {
    result_ = give_up("TLS failed: " + facts.error().text());
    co_return false;
  }
  if (!options_.quiet && !options_.json) {
    print(fmt::format("*  TLS {}{}\n", facts->text(),
                      facts->why.empty() ? "" : " (" + facts->why + ")"));
  }
  if (session) session->tls_established();
  co_return true;
}

awaitable<bool> Talk::flush(net::Stream& stream, smtp::ClientSession& session) {
  const auto output = session.output();
  if (output.empty()) co_return true;
  show("C", output);
  const auto written = co_await stream.write(output, patience);
  session.output_sent();
  if (!written) result_ = give_up(written.error().text());
  co_return written.has_value();
}

awaitable<bool> Talk::exchange(net::Stream& stream, smtp::ClientSession& session) {
  const bool flushed = co_await flush(stream, session);
  if (!flushed) co_return false;
  const auto room = session.prepare();
  const auto n = co_await stream.read_some(room, session.patience());
  if (!n) {
    result_ = give_up(n.error().text());
    co_return false;
  }
  if (*n == 0) {
    session.peer_closed();
  } else {
    show("S", {room.data(), *n});
    session.received(*n);
  }
  co_return true;
}

awaitable<bool> Talk::give_content(net::Stream& stream, smtp::ClientSession& session) {
  constexpr std::size_t step = 64 * 1024;
  if (!options_.quiet && !options_.json)
    print(fmt::format("*  {} bytes of content\n", content_.size()));
  for (std::size_t at = 0; at < content_.size(); at += step) {
    session.body(std::string_view(content_).substr(at, step));
    const auto output = session.output();
    if (output.starts_with("BDAT ")) show("C", output.substr(0, output.find('\n')));
    const auto written = co_await stream.write(output, patience);
    session.output_sent();
    if (!written) {
      result_ = give_up(written.error().text());
      co_return false;
    }
  }
  session.body_end();
  co_return true;
}

void Talk::report(const smtp::Done& done) {
  for (std::size_t i = 0; i < done.results.size(); ++i) {
    const auto& reply = done.results[i].reply;
    const auto to = transaction_.recipients[i].forward_path.text();
    if (options_.json) {
      const auto line = reply.line();
      const boost::json::object result{
          {"to", to}, {"code", reply.code}, {"reply", is_utf8(line) ? line : printable(line)}};
      print(boost::json::serialize(result) + "\n");
    } else {
      print(fmt::format("=> {}: {}\n", printable(to), printable(reply.line(), 500)));
    }
    if (reply.positive()) continue;
    result_ = reply.permanent() ? exit_unavailable : exit_temporary;
  }
}

// In Ready: the next message, or the end.
void Talk::go_on(smtp::ClientSession& session) {
  if (sent_ == options_.repeat) return session.quit();
  ++sent_;
  session.send(transaction_);
}

awaitable<int> Talk::converse(net::Stream& stream, smtp::ClientSession& session) {
  for (;;) {
    const smtp::ClientEvent event = session.next();
    bool good = true;
    if (std::holds_alternative<smtp::NeedInput>(event)) {
      good = co_await exchange(stream, session);
    } else if (std::holds_alternative<smtp::Ready>(event)) {
      const bool offered = session.extensions().starttls && !session.secure();
      const bool wanted =
          options_.tls == SendTls::StartTls || options_.tls == SendTls::Opportunistic;
      if (!session.secure() && options_.tls == SendTls::StartTls && !offered) {
        co_return give_up("the server does not offer STARTTLS");
      }
      if (offered && wanted) {
        session.start_tls();
      } else {
        go_on(session);
      }
    } else if (std::holds_alternative<smtp::TlsReady>(event)) {
      good = co_await start_tls(stream, &session);
    } else if (const auto* refused = std::get_if<smtp::TlsRefused>(&event)) {
      co_return give_up("the server refused STARTTLS: " + printable(refused->reply.line()));
    } else if (std::holds_alternative<smtp::BodyWanted>(event)) {
      good = co_await flush(stream, session) && co_await give_content(stream, session);
    } else if (const auto* done = std::get_if<smtp::Done>(&event)) {
      report(*done);
    } else if (const auto* broken = std::get_if<smtp::Broken>(&event)) {
      const auto why = broken->why.empty() ? broken->reply.line() : broken->why;
      co_return give_up(fmt::format("at {}: {}", session.phase(), printable(why)));
    } else {
      co_return result_;
    }
    if (!good) co_return result_;
  }
}

awaitable<int> Talk::run(net::IoThread& thread) {
  tls::ClientOptions tls_options;
  tls_options.ca_file = options_.ca_file;
  auto context = tls::ClientContext::load(tls_options);
  if (!context) co_return give_up(context.error().text());
  context_ = *context;
  auto stream = co_await connect(thread);
  if (!stream) co_return give_up(stream.error().text());
  const bool implicit = options_.tls == SendTls::Implicit;
  if (implicit) {
    const bool secured = co_await start_tls(*stream, nullptr);
    if (!secured) co_return result_;
  }
  smtp::ClientSession session(client_, implicit);
  const int result = co_await converse(*stream, session);
  co_await stream->shutdown();
  co_return result;
}

std::optional<std::string> read_input(const SendOptions& options) {
  if (options.size_of) return std::string();
  if (options.body_file.empty() || options.body_file == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), {});
  }
  std::ifstream in(options.body_file, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::optional<smtp::Notify> notify_of(std::string_view text) {
  smtp::Notify notify;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto word = text.substr(0, comma);
    bool* wish = iequals(word, "never")     ? &notify.never
                 : iequals(word, "success") ? &notify.success
                 : iequals(word, "failure") ? &notify.failure
                 : iequals(word, "delay")   ? &notify.delay
                                            : nullptr;
    if (!wish) return std::nullopt;
    *wish = true;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return notify;
}

Result<smtp::Transaction> transaction_of(const SendOptions& options, std::string_view content) {
  smtp::Transaction transaction;
  auto& mail = transaction.mail;
  if (!options.from.empty()) {
    const auto from = smtp::parse_mailbox(options.from, smtp::Letters::Utf8);
    if (!from)
      return fail(Blame::Operator, "--from: \"" + printable(options.from) + "\" is no address");
    mail.reverse_path = *from;
  }
  const auto notify = notify_of(options.notify);
  if (!notify) return fail(Blame::Operator, "--notify takes never, or success,failure,delay");
  for (const auto& text : options.to) {
    const auto to = smtp::parse_mailbox(text, smtp::Letters::Utf8);
    if (!to) return fail(Blame::Operator, "--to: \"" + printable(text) + "\" is no address");
    transaction.needs_smtputf8 |= to->needs_smtputf8();
    transaction.recipients.push_back({*to, *notify, options.orcpt, {}});
  }
  mail.size = content.size();
  transaction.has_eight_bit = !is_ascii(content);
  transaction.needs_smtputf8 |= options.smtputf8 || mail.reverse_path.needs_smtputf8();
  mail.smtputf8 = transaction.needs_smtputf8;
  if (transaction.has_eight_bit) mail.body = smtp::Body::EightBitMime;
  mail.envid = options.envid;
  if (iequals(options.ret, "full")) mail.ret = smtp::Ret::Full;
  if (iequals(options.ret, "hdrs")) mail.ret = smtp::Ret::Headers;
  return transaction;
}

awaitable<void> talk_to_the_end(Talk& talk, net::IoThread& thread, std::promise<int>& result) {
  const int code = co_await talk.run(thread);
  result.set_value(code);
}

}  // namespace

int send(const SendOptions& given) {
  SendOptions options = given;
  if (options.helo.empty()) {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    options.helo = name.data();
  }
  const auto input = read_input(options);
  if (!input) {
    print_error("cannot read " + options.body_file);
    return exit_no_input;
  }
  auto content = make_content(*input, options);
  auto transaction = transaction_of(options, content);
  if (!transaction) {
    print_error(transaction.error().text());
    return exit_usage;
  }
  ::signal(SIGPIPE, SIG_IGN);
  net::IoThread thread(0);
  Talk talk(options, std::move(*transaction), std::move(content));
  std::promise<int> result;
  thread.spawn(talk_to_the_end(talk, thread, result));
  thread.start();
  const int code = result.get_future().get();
  thread.stop();
  return code;
}

}  // namespace outrider::app
