#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <variant>

#include "outrider/mail/header_scanner.h"
#include "outrider/smtp/body_reader.h"
#include "outrider/smtp/client_session.h"
#include "outrider/smtp/content_writer.h"
#include "outrider/smtp/server_session.h"
#include "tests/bench/micro/works.h"

namespace outrider::bench_micro {
namespace {

std::string header() {
  std::string text =
      "Received: from client.example.org (client.example.org [192.0.2.1])\r\n\tby "
      "mx.example.com with ESMTPS id 06K2X7Q8M0001;\r\n\tMon, 23 Nov 2026 02:01:57 "
      "+0000\r\n";
  text +=
      "From: Somebody <somebody@example.org>\r\nTo: Somebody Else <else@example.com>\r\n"
      "Date: Mon, 23 Nov 2026 02:01:57 +0000\r\nMessage-ID: <1.2@example.org>\r\n"
      "Subject: of no consequence\r\n";
  while (text.size() < 1000)
    text += "X-Further: some field that nobody asked for, but there it is\r\n";
  return text + "\r\n";
}

std::string content(std::size_t size) {
  std::string text = header();
  for (std::size_t line = 0; text.size() < size; ++line)
    text += fmt::format("{:06} abcdefghijklmnopqrstuvwxyz0123456789 ABCDEFGHIJKLMNOPQRSTUVWX\r\n",
                        line);
  return text;
}

// The server's side of a conversation that never ends: one transaction after the other.
class Server {
 public:
  Server() : session_(options_) {
    options_.hostname = "mx.example.com";
    options_.limits.transactions = std::size_t{1} << 62;
    options_.limits.idle_commands = std::size_t{1} << 62;
    give("EHLO client.example.org\r\n");
    transaction_ =
        "MAIL FROM:<somebody@example.org> SIZE=4096\r\nRCPT TO:<else@example.com>\r\nDATA\r\n";
    content_ = content(4096) + ".\r\n";
  }

  void message() {
    give(transaction_);
    give(content_);
  }
  void commands() { give(commands_); }

  static constexpr std::string_view commands_ =
      "MAIL FROM:<somebody@example.org> SIZE=4096\r\nRCPT TO:<else@example.com>\r\nRSET\r\n";

 private:
  void give(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto room = session_.prepare();
      const auto n = std::min(room.size(), bytes.size());
      bytes.copy(room.data(), n);
      session_.received(n);
      bytes.remove_prefix(n);
      answer();
    }
  }

  void answer() {
    for (;;) {
      const smtp::Event event = session_.next();
      if (std::holds_alternative<smtp::NeedInput>(event)) break;
      if (std::holds_alternative<smtp::Sender>(event)) session_.answer(smtp::replies::sender_ok);
      if (std::holds_alternative<smtp::Recipient>(event))
        session_.answer(smtp::replies::recipient_ok);
      if (std::holds_alternative<smtp::MessageEnd>(event)) session_.answer(smtp::replies::ok);
      if (std::holds_alternative<smtp::Close>(event)) std::abort();
    }
    session_.output_sent();
  }

  smtp::ServerOptions options_;
  smtp::ServerSession session_;
  std::string transaction_, content_;
};

// The client's side, answered as a server with PIPELINING would.
class Client {
 public:
  Client() : session_(options_), content_(content(4096)) {
    options_.hostname = "client.example.org";
    options_.chunking = false;
    hear("220 mx.example.com ESMTP\r\n");
    hear("250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250 8BITMIME\r\n");
    transaction_.mail.reverse_path = {"somebody", "example.org"};
    transaction_.mail.size = content_.size();
    transaction_.recipients.push_back({.forward_path = {"else", "example.com"}});
  }

  void message() {
    session_.send(transaction_);
    hear("250 2.1.0 sender ok\r\n250 2.1.5 recipient ok\r\n354 end with <CRLF>.<CRLF>\r\n");
    session_.body(content_);
    session_.body_end();
    hear("250 2.0.0 ok\r\n");
  }

 private:
  void hear(std::string_view reply) {
    while (std::holds_alternative<smtp::NeedInput>(session_.next())) {
      session_.output_sent();
      if (reply.empty()) return;
      const auto room = session_.prepare();
      reply.copy(room.data(), reply.size());
      session_.received(reply.size());
      reply = {};
    }
  }

  smtp::ClientOptions options_;
  smtp::ClientSession session_;
  std::string content_;
  smtp::Transaction transaction_;
};

void read_body(const std::string& text) {
  smtp::BodyReader reader(smtp::BodyReader::Framing::Dots, smtp::LineEnds::Strict);
  std::string_view rest = text;
  while (!rest.empty()) rest.remove_prefix(reader.next(rest).used);
}

Work body_work(std::size_t size, const std::string& unit) {
  const auto text = std::make_shared<std::string>(content(size));
  return {"read " + unit + " of DATA", unit, text->size(), [text] { read_body(*text); }};
}

}  // namespace

std::vector<Work> smtp_works() {
  std::vector<Work> works{body_work(4096, "4 KiB"), body_work(1 << 20, "1 MiB")};
  const auto server = std::make_shared<Server>();
  works.push_back({"server session", "message of 4 KiB", 4096, [server] { server->message(); }});
  const auto asked = std::make_shared<Server>();
  works.push_back({"read MAIL, RCPT and RSET", "three commands", Server::commands_.size(),
                   [asked] { asked->commands(); }});
  const auto client = std::make_shared<Client>();
  works.push_back({"client session", "message of 4 KiB", 4096, [client] { client->message(); }});
  const auto text = std::make_shared<std::string>(content(4096));
  works.push_back({"scan a header", "message of 4 KiB", 4096, [text] {
                     mail::HeaderScanner scanner;
                     scanner.scan(*text);
                     if (scanner.hops() != 1) std::abort();
                   }});
  works.push_back({"write DATA", "message of 4 KiB", 4096, [text, out = std::string()]() mutable {
                     smtp::ContentWriter writer;
                     out.clear();
                     if (!writer.data(*text, out) || !writer.end_data(out)) std::abort();
                   }});
  works.push_back({"write a reply", "reply", 0, [] {
                     const smtp::Reply reply(250, "2.0.0", "ok, id=06K2X7Q8M0001");
                     if (reply.wire().empty()) std::abort();
                   }});
  return works;
}

std::vector<Work> all_works() {
  std::vector<Work> all = smtp_works();
  for (auto& work : trust_works()) all.push_back(std::move(work));
  for (auto& work : queue_works()) all.push_back(std::move(work));
  return all;
}

}  // namespace outrider::bench_micro
