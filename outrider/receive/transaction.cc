#include "outrider/receive/transaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "outrider/base/clock.h"
#include "outrider/base/text.h"
#include "outrider/mail/source_route.h"
#include "outrider/mail/trace.h"
#include "outrider/receive/notices.h"

namespace outrider::receive {
namespace {

// Aliases may turn few recipients into many; the record of one message stays bounded.
constexpr std::size_t most_recipients = 10'000;
constexpr std::size_t few_recipients = 16;

std::size_t hash_of(const Address& address) {
  const std::hash<std::string_view> hash;
  return hash(address.local_part) * 31 + hash(address.domain);
}

mail::BodyType body_type(smtp::Body body) {
  switch (body) {
    case smtp::Body::SevenBit: return mail::BodyType::SevenBit;
    case smtp::Body::EightBitMime: return mail::BodyType::EightBitMime;
    case smtp::Body::BinaryMime: return mail::BodyType::BinaryMime;
  }
  return mail::BodyType::SevenBit;
}

mail::Return return_of(smtp::Ret ret) {
  switch (ret) {
    case smtp::Ret::Unset: return mail::Return::Unset;
    case smtp::Ret::Full: return mail::Return::Full;
    case smtp::Ret::Headers: return mail::Return::Headers;
  }
  return mail::Return::Unset;
}

std::uint8_t notify_bits(const smtp::Notify& notify) {
  return static_cast<std::uint8_t>(
      (notify.never ? mail::notify_never : 0) | (notify.success ? mail::notify_success : 0) |
      (notify.failure ? mail::notify_failure : 0) | (notify.delay ? mail::notify_delay : 0));
}

// RFC 3461 §5.2.7.3 (c): every address of the alias is told of without SUCCESS. Where nothing else
// was asked for, nothing is wanted: an absent NOTIFY would mean failures.
std::uint8_t without_success(std::uint8_t notify) {
  if ((notify & mail::notify_success) == 0) return notify;
  const auto rest = static_cast<std::uint8_t>(notify & ~mail::notify_success);
  return rest != 0 ? rest : std::uint8_t{mail::notify_never};
}

}  // namespace

Transaction::Transaction(Reception& reception, const Options& options,
                         const ListenerOptions& listener, const Client& client)
    : reception_(reception), options_(options), listener_(listener), client_(client) {}

smtp::Reply Transaction::sender(const smtp::MailCommand& mail, mail::Origin origin,
                                const TlsFacts* tls) {
  const bool ours_only = listener_.role == Role::Submission || listener_.role == Role::Relay;
  if (ours_only && !client_.may_relay) return smtp::replies::relay_denied;
  if (auto refused = refused_partner(mail.reverse_path, tls)) return *std::move(refused);
  if (misses_tls(mail.reverse_path, tls)) return smtp::replies::tls_missed;
  if (!reception_.queue.accepting()) return smtp::replies::no_space;
  tls_ = tls;
  envelope_.reverse_path = mail.reverse_path;
  envelope_.body = body_type(mail.body);
  envelope_.smtputf8 = mail.smtputf8;
  envelope_.require_tls = mail.require_tls;
  envelope_.ret = return_of(mail.ret);
  envelope_.envid = mail.envid;
  envelope_.origin = std::move(origin);
  if (listener_.smtp.heritage) {
    envelope_.reverse_route = mail.route;
    envelope_.routed = !mail.route.empty();
  }
  if (mail.way != smtp::Way::Mail) {
    terminal_mail_.emplace(mail.way, options_.local_domains(), listener_.utmp,
                           listener_.smtp.hostname);
  }
  return smtp::replies::sender_ok;
}

// What was agreed with a partner holds for the mail of his domain, and for all from his network.
std::optional<smtp::Reply> Transaction::refused_partner(const Address& reverse_path,
                                                        const TlsFacts* tls) const {
  const std::string domain = to_lower(reverse_path.domain);
  const auto at = std::ranges::find_if(options_.partners, [&](const Partner& partner) {
    return partner.covers(domain, client_.endpoint);
  });
  if (at == options_.partners.end()) return std::nullopt;
  const bool proven = tls != nullptr && at->certificates.contain(*tls);
  switch (trust::admit_sender(at->demand, tls != nullptr, proven)) {
    case trust::SenderAdmission::Welcome: return std::nullopt;
    case trust::SenderAdmission::NeedsTls: return smtp::replies::partner_needs_tls;
    case trust::SenderAdmission::NeedsCertificate: return smtp::replies::partner_unproven;
  }
  return std::nullopt;
}

// Where TLS is to be had and was used before. It delays mail for a while where the operator wants
// that, and never more: a client may have turned it off.
bool Transaction::misses_tls(const Address& reverse_path, const TlsFacts* tls) {
  const bool has_past = options_.past != PastRule::Off && listener_.role == Role::Mx &&
                        listener_.tls == TlsMode::StartTls && client_.endpoint &&
                        !client_.may_relay && !reverse_path.domain.empty();
  if (!has_past) return false;
  const std::string key = past_key(reverse_path.domain, client_.endpoint->address);
  const auto absence = reception_.past.judge(key, tls, now());
  if (!absence) return false;
  const bool waits = absence->waits && options_.past == PastRule::Delay;
  if (absence->tell) {
    reception_.log.warning("alarm")
        .field("alarm", "tls-gone")
        .field("session", client_.session)
        .field("client", client_.text())
        .field("from", reverse_path.path())
        .field("last_seen", rfc3339(absence->last_seen))
        .field("action", waits ? "delay" : "tell");
  }
  return waits;
}

trust::RecipientFacts Transaction::facts(bool configured) const {
  return {.configured = configured,
          .listed = trust::Listed::Unknown,
          .secure = tls_ != nullptr,
          .may_relay = client_.may_relay,
          .demand = listener_.require_tls};
}

bool Transaction::needs_listing(const smtp::RcptCommand& rcpt) const {
  const std::string domain = to_lower(rcpt.forward_path.domain);
  if (domain.empty() || domain.starts_with('[')) return false;  // no name of the DNS
  if (!route_of(rcpt).empty()) return false;                    // who relays it is another
  return trust::needs_listing(facts(options_.local_domains().has(domain)));
}

std::string Transaction::route_of(const smtp::RcptCommand& rcpt) const {
  if (!listener_.smtp.heritage || rcpt.route.empty()) return {};
  return mail::onward(rcpt.route, [this](std::string_view host) {
    return iequals(host, listener_.smtp.hostname) || options_.local_domains().has(host) ||
           std::ranges::find(options_.listing.own_names, host) != options_.listing.own_names.end();
  });
}

smtp::Reply Transaction::recipient(const smtp::RcptCommand& rcpt, LookedUp found) {
  std::string route = route_of(rcpt);
  Resolution resolution;
  if (route.empty()) resolution = options_.local_domains().resolve(rcpt.forward_path);
  trust::RecipientFacts known = facts(resolution.kind != Resolution::Kind::Elsewhere);
  known.listed = found.listed;
  switch (trust::admit(known)) {
    case trust::Admission::NeedsTls: return smtp::replies::tls_first;
    case trust::Admission::NotExchanger:
      return found.listed == trust::Listed::No ? smtp::replies::no_exchanger
                                               : smtp::replies::relay_denied;
    case trust::Admission::ListedWrongly: return smtp::replies::listed_wrongly;
    case trust::Admission::Relay: resolution.addresses.assign(1, rcpt.forward_path); break;
    case trust::Admission::ByRecipient: break;
  }
  if (resolution.kind == Resolution::Kind::Unknown) return smtp::replies::unknown_user;
  if (found.refusal) return *std::move(found.refusal);
  if (terminal_mail_) {
    if (auto refused = terminal_mail_->refusal(resolution.addresses, !route.empty()))
      return *std::move(refused);
  }
  if (!add(rcpt, std::move(resolution), std::move(route)))
    return smtp::replies::too_many_recipients;
  if (++accepted_ == 1) only_recipient_ = rcpt.forward_path;
  return smtp::replies::recipient_ok;
}

bool Transaction::add(const smtp::RcptCommand& rcpt, Resolution resolution, std::string route) {
  if (envelope_.recipients.size() + resolution.addresses.size() > most_recipients) return false;
  mail::Recipient recipient;
  recipient.orcpt = rcpt.orcpt;
  recipient.notify = notify_bits(rcpt.notify);
  recipient.route = std::move(route);
  envelope_.routed |= listener_.smtp.heritage && !rcpt.route.empty();
  // RFC 3461 §5.2.7.2: an alias for one address passes everything on.
  if (resolution.addresses.size() > 1) {
    if (rcpt.notify.success) {
      recipient.address = rcpt.forward_path;
      recipient.status = mail::RecipientStatus::Expanded;
      expanded_.push_back(recipient);
      recipient.status = mail::RecipientStatus::Pending;
    }
    recipient.notify = without_success(recipient.notify);
  }
  for (Address& address : resolution.addresses) {
    recipient.address = std::move(address);
    add_one(recipient);
  }
  return true;
}

// Named twice with the same wishes, a recipient gets the message once. Few are looked through; of
// many there is a table, or the last of 10,000 would be compared with all before it.
void Transaction::add_one(mail::Recipient recipient) {
  std::vector<mail::Recipient>& all = envelope_.recipients;
  if (all.size() < few_recipients) {
    if (std::ranges::find(all, recipient) == all.end()) all.push_back(std::move(recipient));
    return;
  }
  if (places_.empty()) {
    for (std::size_t at = 0; at < all.size(); ++at) places_.emplace(hash_of(all[at].address), at);
  }
  const std::size_t hash = hash_of(recipient.address);
  const auto [begin, end] = places_.equal_range(hash);
  if (std::any_of(begin, end, [&](const auto& place) { return all[place.second] == recipient; }))
    return;
  places_.emplace(hash, all.size());
  all.push_back(std::move(recipient));
}

awaitable<void> Transaction::content(std::string_view bytes) {
  if (verdict_) co_return;
  if (!incoming_) co_await begin();
  if (verdict_) co_return;
  scanner_->scan(bytes);
  if (terminal_mail_) terminal_mail_->content(bytes);
  check_header();
  if (!verdict_) co_await keep(bytes);
}

// The trace field goes first, so that content streams behind it (RFC 5321 §4.4).
awaitable<void> Transaction::begin() {
  // A copy of the header is needed for a notice alone.
  scanner_.emplace(expanded_.empty() && !terminal_mail_ ? 0 : listener_.header.bytes);
  size_ = 0;
  incoming_ = reception_.queue.begin();
  envelope_.arrived = now();
  const std::string id = incoming_->id().text();
  mail::Received received;
  received.origin = &envelope_.origin;
  if (client_.name) received.client_name = client_.name->name;
  received.tls = tls_;
  received.host = listener_.smtp.hostname;
  received.id = id;
  received.time = envelope_.arrived;
  // RFC 5321 §7.2: more than one recipient would be told of each other.
  if (accepted_ == 1) received.only_recipient = &only_recipient_;
  const std::string field = mail::received_field(received);
  co_await keep(field);
}

awaitable<void> Transaction::keep(std::string_view bytes) {
  size_ += bytes.size();
  const Result<void> kept = co_await incoming_->append(bytes);
  if (!kept) store_failed(kept.error());
}

void Transaction::check_header() {
  const HeaderLimits& limits = listener_.header;
  if (scanner_->hops() > limits.hops) {
    refuse(smtp::replies::mail_loop);
  } else if (scanner_->header_bytes() > limits.bytes || scanner_->fields() > limits.fields) {
    refuse(smtp::replies::header_too_large);
  }
}

awaitable<smtp::Reply> Transaction::end() {
  if (!verdict_ && !incoming_) co_await begin();  // a message without any content
  if (verdict_) co_return *verdict_;
  if (terminal_mail_) co_return co_await show();
  co_return co_await commit();
}

// Terminals come first: who is reached there may need no mailbox. What cannot be kept then comes
// again, and is seen twice.
awaitable<smtp::Reply> Transaction::show() {
  const MessageId id = incoming_->id();
  co_await terminal_mail_->show(envelope_);
  const std::size_t terminals = terminal_mail_->terminals();
  reception_.log.info("terminals")
      .field("id", id.text())
      .field("session", client_.session)
      .field("from", envelope_.reverse_path.path())
      .field("written", terminals)
      .field("missed", terminal_mail_->missed().size());
  if (!envelope_.recipients.empty()) co_return co_await commit();
  if (terminals == 0) co_return terminal_mail_->none_reached();
  incoming_.reset();
  if (!terminal_mail_->missed().empty())
    co_await tell(mail::NoticeKind::Failure, terminal_mail_->missed(), id, envelope_);
  co_return smtp::Reply(250, "2.0.0", fmt::format("{} shown, terminals: {}", id.text(), terminals));
}

awaitable<smtp::Reply> Transaction::commit() {
  envelope_.has_eight_bit = scanner_->header_has_eight_bit() || scanner_->body_has_eight_bit();
  envelope_.tls_optional = scanner_->tls_not_required() && !envelope_.require_tls;
  envelope_.size = size_;
  const Summary received{envelope_.reverse_path, envelope_.origin, size_,
                         envelope_.recipients.size()};
  mail::Envelope copy;
  if (!expanded_.empty()) copy = envelope_;
  const Result<MessageId> id = co_await incoming_->commit(std::move(envelope_));
  if (!id) {
    store_failed(id.error());
    co_return *verdict_;
  }
  reception_.messages.fetch_add(1, std::memory_order_relaxed);
  log_received(*id, received);
  if (!expanded_.empty())
    co_await tell(mail::NoticeKind::Success, std::move(expanded_), *id, std::move(copy));
  co_return smtp::Reply(250, "2.0.0", id->text() + " queued");
}

awaitable<void> Transaction::tell(mail::NoticeKind kind, std::vector<mail::Recipient> recipients,
                                  MessageId id, mail::Envelope envelope) {
  Told about{kind, std::move(recipients), std::move(envelope), scanner_->header(), id};
  const Result<void> told =
      co_await tell_sender(reception_.queue, listener_.smtp.hostname, std::move(about));
  if (told) co_return;
  reception_.log.error("notice_failed")
      .field("session", client_.session)
      .field("id", id.text())
      .field("reason", told.error().text());
}

void Transaction::refuse(smtp::Reply reply) {
  verdict_ = std::move(reply);
  incoming_.reset();
}

void Transaction::store_failed(const Error& error) {
  reception_.log.error("store_failed")
      .field("session", client_.session)
      .field("id", incoming_->id().text())
      .field("reason", error.text());
  refuse(reception_.queue.accepting() ? smtp::replies::cannot_keep : smtp::replies::no_space);
}

void Transaction::log_received(MessageId id, const Summary& received) const {
  LogLine line = reception_.log.info("received");
  line.field("id", id.text())
      .field("session", client_.session)
      .field("from", received.from.path())
      .field("size", received.size)
      .field("nrcpt", received.recipients)
      .field("client", client_.text());
  if (client_.name && !client_.name->name.empty()) line.field("name", client_.name->name);
  line.field("helo", received.origin.helo).field("proto", received.origin.protocol);
  if (!received.origin.tls.empty()) line.field("tls", received.origin.tls);
}

}  // namespace outrider::receive
