#include "outrider/mail/trace.h"

#include <algorithm>

#include "outrider/base/text.h"
#include "outrider/mail/fold.h"

namespace outrider::mail {
namespace {

// What a client said about itself, as one word of a field: its name or literal, or nothing of it.
std::string plain_word(std::string_view word) {
  const bool plain =
      !word.empty() && word.size() <= 255 && is_utf8(word) && std::ranges::all_of(word, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x80 ||
               (byte > 0x20 && byte < 0x7f && !std::string_view("()<>;,\"\\").contains(c));
      });
  return plain ? std::string(word) : "unknown";
}

std::string literal(const std::string& client) { return "[" + plain_word(client) + "]"; }

}  // namespace

std::string protocol_keyword(bool extended, bool lmtp, bool secure, bool authenticated,
                             bool smtputf8) {
  if (!extended && !lmtp) return "SMTP";
  std::string keyword = smtputf8 ? (lmtp ? "UTF8LMTP" : "UTF8SMTP") : (lmtp ? "LMTP" : "ESMTP");
  if (secure) keyword += 'S';
  if (authenticated) keyword += 'A';
  return keyword;
}

std::string received_field(const Received& received) {
  Folder field("Received:");
  const auto& origin = *received.origin;
  if (!origin.client.empty()) {
    field.add("from " + plain_word(origin.helo));
    field.add("(" + plain_word(received.client_name) + " " + literal(origin.client) + ")");
  }
  if (received.tls) {
    field.add("(using " + plain_word(received.tls->version));
    field.add("with cipher " + plain_word(received.tls->cipher) +
              (received.tls->group.empty() ? ")" : ""));
    if (!received.tls->group.empty()) field.add("group " + plain_word(received.tls->group) + ")");
  }
  field.add("by " + plain_word(received.host));
  if (!origin.protocol.empty()) field.add("with " + plain_word(origin.protocol));
  // RFC 8314 §4.3: the clause takes the name of the cipher suite.
  if (received.tls) field.add("tls " + plain_word(received.tls->cipher));
  field.add("id " + plain_word(received.id) + (received.only_recipient ? "" : ";"));
  if (received.only_recipient) field.add("for " + safe_path(*received.only_recipient) + ";");
  field.add(rfc5322_date(received.time));
  return field.done();
}

std::string return_path_field(const Address& reverse_path, std::string_view route) {
  std::string path = safe_path(reverse_path);
  if (!route.empty() && !reverse_path.is_null()) path.insert(1, printable(route) + ':');
  return "Return-Path: " + path + "\r\n";
}

std::string delivered_to_field(const Address& recipient) {
  const auto path = safe_path(recipient);
  return "Delivered-To: " + path.substr(1, path.size() - 2) + "\r\n";
}

}  // namespace outrider::mail
