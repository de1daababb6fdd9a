#include "support/dialogue.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <variant>

namespace outrider::test {

using namespace smtp;

std::size_t Cut::next(std::string_view waiting, std::size_t offset) const {
  if (waiting.empty()) return 0;
  switch (kind) {
    case Kind::Whole: return waiting.size();
    case Kind::Bytes: return 1;
    case Kind::At: return offset < at ? std::min(at - offset, waiting.size()) : waiting.size();
    case Kind::Lines: break;
  }
  const auto end = waiting.find('\n');
  return end == std::string_view::npos ? waiting.size() : end + 1;
}

std::string Cut::text() const {
  switch (kind) {
    case Kind::Whole: return "whole";
    case Kind::Bytes: return "by byte";
    case Kind::Lines: return "by line";
    case Kind::At: break;
  }
  return "cut at " + std::to_string(at);
}

ServerOptions mx_options() {
  ServerOptions options;
  options.hostname = "mx.example";
  options.offer_starttls = true;
  return options;
}

ServerOptions draft_options(StartTlsForm form) {
  auto options = mx_options();
  options.start_tls_form = form;
  options.tls_tokens = {"TLS1.2", "TLS1.3"};
  return options;
}

Dialogue::Dialogue(ServerOptions options, bool secure)
    : options_(std::make_unique<const ServerOptions>(std::move(options))),
      session_(*options_, secure) {
  run();
}

std::string Dialogue::says(std::string_view bytes, Cut cut) {
  const auto before = replies_.size();
  std::size_t offset = 0;
  while (offset < bytes.size() && !closed() && !handshaking_) {
    const auto room = session_.prepare();
    if (room.empty()) throw std::logic_error("the session says NeedInput and has no room for any");
    if (session_.awaits_tls() && is_tls_byte(bytes[offset])) {
      handshaking_ = true;
      break;
    }
    auto n = std::min(cut.next(bytes.substr(offset), offset), room.size());
    if (session_.takes_lines()) n = std::min(n, by_line.next(bytes.substr(offset), offset));
    std::memcpy(room.data(), bytes.data() + offset, n);
    session_.received(n);
    offset += n;
    run();
  }
  unheard_ += bytes.size() - offset;
  return replies_.substr(before);
}

std::string Dialogue::codes(std::string_view bytes, Cut cut) { return codes_of(says(bytes, cut)); }

void Dialogue::tls() {
  if (!handshaking_ && !session_.awaits_tls()) throw std::logic_error("no handshake was agreed on");
  handshaking_ = false;
  session_.tls_established();
  forget();
  run();
}

void Dialogue::open(std::string_view recipient) {
  says(options_->lmtp ? "LHLO client.example\r\n" : "EHLO client.example\r\n");
  says("MAIL FROM:<a@example.org>\r\nRCPT TO:<" + std::string(recipient) + ">\r\n");
}

// To where the session needs more input, begins a handshake or ends.
void Dialogue::run() {
  for (;;) {
    const Event event = session_.next();
    std::visit([this](const auto& given) { hear(given); }, event);
    replies_ += session_.output();
    session_.output_sent();
    if (closed() || handshaking_ || std::holds_alternative<NeedInput>(event)) return;
  }
}

void Dialogue::hear(const Sender& event) {
  senders_.push_back(event.mail);
  const Reply reply = on_sender ? on_sender(event.mail) : Reply(replies::sender_ok);
  if (reply.positive()) open_.reverse_path = event.mail.reverse_path.path();
  session_.answer(reply);
}

void Dialogue::hear(const Recipient& event) {
  recipients_.push_back(event.rcpt);
  const Reply reply = on_recipient ? on_recipient(event.rcpt) : Reply(replies::recipient_ok);
  if (reply.positive()) open_.recipients.push_back(event.rcpt.forward_path.path());
  session_.answer(reply);
}

void Dialogue::hear(const BodyPart& event) { open_.content += event.bytes; }

void Dialogue::hear(const MessageEnd&) {
  const auto answers = options_->lmtp ? open_.recipients.size() : 1;
  bool kept = false;
  for (std::size_t i = 0; i < answers; ++i) {
    Reply reply = replies::ok;
    if (!at_end.empty()) {
      reply = at_end.front();
      at_end.erase(at_end.begin());
    }
    kept = kept || reply.positive();
    session_.answer(reply);
  }
  if (kept) messages_.push_back(std::move(open_));
  forget();
}

void Dialogue::hear(const Dropped&) {
  ++dropped_;
  forget();
}

void Dialogue::hear(const StartTls& event) {
  token_ = event.token;
  session_.answer(tls_works ? Reply(replies::start_tls) : Reply(replies::no_tls_now));
  handshaking_ = tls_works && token_.empty();
}

void Dialogue::inquire(std::string_view text) {
  session_.answer(on_inquiry ? on_inquiry(text) : Reply(replies::cannot_verify));
}

void Dialogue::hear(const Refused& event) { refused_.emplace_back(event.what); }
void Dialogue::hear(const Close& event) { why_ = event.why; }
void Dialogue::forget() { open_ = {}; }

std::string codes_of(std::string_view replies) {
  std::string codes;
  while (replies.size() > 3) {
    if (replies[3] == ' ') codes.append(codes.empty() ? "" : " ").append(replies.substr(0, 3));
    replies.remove_prefix(std::min(replies.find('\n'), replies.size() - 1) + 1);
  }
  return codes;
}

}  // namespace outrider::test
