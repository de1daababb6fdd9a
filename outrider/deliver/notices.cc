#include "outrider/deliver/notices.h"

#include <algorithm>
#include <utility>

#include "outrider/mail/header_scanner.h"

namespace outrider::deliver {
namespace {

using mail::NoticeKind;

constexpr std::array kinds{NoticeKind::Failure, NoticeKind::Delay, NoticeKind::Success};

std::vector<const mail::Recipient*> pointers(const std::vector<mail::Recipient>& recipients) {
  std::vector<const mail::Recipient*> all;
  for (const auto& recipient : recipients) all.push_back(&recipient);
  return all;
}

}  // namespace

void Notices::add(NoticeKind kind, const queue::Outcome& outcome, bool peer_notifies) {
  const mail::Envelope& envelope = claim_.envelope();
  const auto& known = envelope.recipients[outcome.recipient];
  // The common case, without a copy: it went well, and nobody asked to hear of that.
  if (kind == NoticeKind::Success && !(known.notify & mail::notify_success)) return;
  mail::Recipient recipient = known;
  recipient.status = outcome.status;
  recipient.reply = outcome.reply;
  recipient.remote = outcome.remote;
  if (mail::wanted(kind, envelope.reverse_path, recipient, peer_notifies)) {
    by_kind_[static_cast<std::size_t>(kind)].push_back(std::move(recipient));
  } else if (kind == NoticeKind::Failure && envelope.reverse_path.is_null()) {
    double_bounces_.push_back(std::move(recipient));
  }
}

bool Notices::empty() const {
  return double_bounces_.empty() &&
         std::ranges::all_of(by_kind_, [](const auto& list) { return list.empty(); });
}

awaitable<std::vector<queue::Draft>> Notices::write(const Options& options, Log& log) {
  std::vector<queue::Draft> drafts;
  const Quote quoted = co_await quote(options.notices.most_quoted);
  for (const NoticeKind kind : kinds) {
    write_one(kind, claim_.envelope(), by_kind_[static_cast<std::size_t>(kind)], quoted, options,
              drafts);
  }
  write_double_bounce(quoted, options, log, drafts);
  co_return drafts;
}

bool Notices::quotes_content(std::size_t most_quoted) const {
  const mail::Envelope& envelope = claim_.envelope();
  const auto& failed = by_kind_[static_cast<std::size_t>(NoticeKind::Failure)];
  return !failed.empty() && envelope.ret == mail::Return::Full && !envelope.require_tls &&
         envelope.size <= most_quoted;
}

// A header that cannot be read is no reason to keep silent: then the notice quotes less.
awaitable<Notices::Quote> Notices::quote(std::size_t most_quoted) {
  Quote quote;
  const bool all = quotes_content(most_quoted);
  mail::HeaderScanner scanner(std::min<std::size_t>(most_quoted, 64 * 1024));
  claim_.rewind();
  for (;;) {
    const Result<std::string_view> piece = co_await claim_.read();
    if (!piece || piece->empty()) break;
    scanner.scan(*piece);
    if (all) quote.content.append(*piece);
    if (!all && scanner.in_body()) break;
    if (quote.content.size() > most_quoted) break;
  }
  quote.header = scanner.header();
  co_return quote;
}

void Notices::write_one(NoticeKind kind, const mail::Envelope& original,
                        const std::vector<mail::Recipient>& recipients, const Quote& quote,
                        const Options& options, std::vector<queue::Draft>& drafts) const {
  if (recipients.empty()) return;
  const std::string id = claim_.id().text();
  mail::NoticeFacts facts;
  facts.host = options.hostname;
  facts.id = id;
  facts.now = time_;
  facts.header = quote.header;
  facts.content = quote.content;
  facts.most_quoted = options.notices.most_quoted;
  const auto& lifetime = for_tls_ ? options.notices.tls_lifetime : options.notices.lifetime;
  if (kind == NoticeKind::Delay && lifetime) facts.retry_until = original.arrived + *lifetime;
  auto notice = mail::make_notice(kind, original, pointers(recipients), facts);
  if (!notice) return;
  drafts.push_back({std::move(notice->envelope), std::move(notice->content)});
}

// RFC 5321 §6.1: a notice that cannot be delivered causes no other. Its words go to a person, once:
// what cannot be delivered to the postmaster is dropped.
void Notices::write_double_bounce(const Quote& quote, const Options& options, Log& log,
                                  std::vector<queue::Draft>& drafts) const {
  if (double_bounces_.empty()) return;
  const auto& postmaster = options.notices.postmaster;
  const bool to_postmaster =
      postmaster && std::ranges::none_of(claim_.envelope().recipients, [&](const auto& recipient) {
        return recipient.address == *postmaster;
      });
  for (const auto& recipient : double_bounces_) {
    log.warning("double bounce")
        .field("id", claim_.id().text())
        .field("to", recipient.address.path())
        .field("action", to_postmaster ? "postmaster" : "dropped");
  }
  if (!to_postmaster) return;
  mail::Envelope original = claim_.envelope();
  original.reverse_path = *postmaster;
  write_one(NoticeKind::Failure, original, double_bounces_, quote, options, drafts);
}

}  // namespace outrider::deliver
