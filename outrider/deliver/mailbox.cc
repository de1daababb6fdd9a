#include "outrider/deliver/mailbox.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/deliver/maildir.h"
#include "outrider/deliver/on_pool.h"
#include "outrider/mail/trace.h"

namespace outrider::deliver {
namespace {

// Content up to here is read once, and each of its files written in one visit to the pool.
constexpr std::size_t most_held = 1 << 20;

// One recipient's file, written by the pool step by step.
struct Filing {
  std::string path;
  std::string fields;
  bool binary = false;
  const MaildirOptions* options = nullptr;
  const std::string* host = nullptr;
  std::optional<MaildirFile> file;

  Stored<void> open() {
    auto made = MaildirFile::create(path, *options, *host);
    if (!made) return std::unexpected(made.error());
    file.emplace(std::move(*made));
    if (binary) file->keep_line_ends();
    return file->write(fields);
  }
  Stored<void> commit() {
    auto name = file->commit();
    if (!name) return std::unexpected(name.error());
    return {};
  }
  Stored<void> write_all(std::string_view content) {
    auto done = open();
    if (done) done = file->write(content);
    if (done) done = commit();
    file.reset();
    return done;
  }
};

smtp::Reply unreadable(const Error& error) {
  return {451, "4.3.0", "the content cannot be read: " + error.text()};
}

// The content where it is small; nothing where it is not, or more than the envelope says.
awaitable<Result<std::optional<std::string>>> read_small(queue::Claim& claim) {
  if (claim.envelope().size > most_held) co_return std::optional<std::string>();
  std::string content;
  content.reserve(claim.envelope().size);
  for (;;) {
    const Result<std::string_view> piece = co_await claim.read();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) break;
    if (content.size() + piece->size() > most_held) {
      claim.rewind();
      co_return std::optional<std::string>();
    }
    content.append(*piece);
  }
  co_return std::optional<std::string>(std::move(content));
}

awaitable<Stored<void>> file_piecewise(Site& site, queue::Claim& claim, Filing& filing) {
  claim.rewind();
  auto open = [&filing] { return filing.open(); };
  Stored<void> done = co_await on_pool(site.disk, open);
  while (done) {
    const Result<std::string_view> piece = co_await claim.read();
    if (!piece) co_return std::unexpected(unreadable(piece.error()));
    if (piece->empty()) break;
    auto write = [&filing, content = *piece] { return filing.file->write(content); };
    done = co_await on_pool(site.disk, write);
  }
  if (!done) co_return done;
  auto commit = [&filing] { return filing.commit(); };
  done = co_await on_pool(site.disk, commit);
  co_return done;
}

}  // namespace

awaitable<Attempt> deliver_to_maildirs(Site& site, const Route& route, queue::Claim& claim,
                                       std::vector<std::uint32_t> recipients) {
  Attempt attempt;
  attempt.here = true;
  attempt.relay = "local";
  const mail::Envelope& envelope = claim.envelope();
  const Result<std::optional<std::string>> small = co_await read_small(claim);
  if (!small) {
    attempt.say(recipients, unreadable(small.error()), true);
    co_return attempt;
  }
  for (const auto index : recipients) {
    const Address& address = envelope.recipients[index].address;
    Result<std::string> path = maildir_path(route, address);
    if (!path) {
      const smtp::Reply reply(550, "5.1.1", "no mailbox: " + path.error().text());
      attempt.said.push_back({index, reply, true, false});
      continue;
    }
    Filing filing;
    filing.path = std::move(*path);
    filing.fields = mail::return_path_field(envelope.reverse_path, envelope.reverse_route) +
                    mail::delivered_to_field(address);
    filing.binary = envelope.body == mail::BodyType::BinaryMime;
    filing.options = &site.options.maildir;
    filing.host = &site.options.hostname;
    Stored<void> done;
    if (*small) {
      auto write = [&filing, &small] { return filing.write_all(**small); };
      done = co_await on_pool(site.disk, write);
    } else {
      done = co_await file_piecewise(site, claim, filing);
    }
    const smtp::Reply delivered(250, "2.0.0", "delivered to the mailbox");
    attempt.said.push_back({index, done ? delivered : done.error(), true, false});
  }
  co_return attempt;
}

awaitable<Attempt> take_report(Site& site, queue::Claim& claim,
                               std::vector<std::uint32_t> recipients) {
  Attempt attempt;
  attempt.here = true;
  attempt.relay = "tls-reports";
  if (site.inbox == nullptr || claim.envelope().size > site.inbox->most_mail()) {
    attempt.say(recipients, {550, "5.3.4", "a mail of that size is no TLS report"}, true);
    co_return attempt;
  }
  std::string content;
  content.reserve(claim.envelope().size);
  for (;;) {
    const Result<std::string_view> piece = co_await claim.read();
    if (!piece) {
      attempt.say(recipients, unreadable(piece.error()), true);
      co_return attempt;
    }
    if (piece->empty()) break;
    content.append(*piece);
  }
  auto take = [&]() -> Stored<void> {
    const auto taken = site.inbox->take(content);
    if (taken) return {};
    const bool is_ours = taken.error().blame == Blame::Environment;
    return std::unexpected(
        is_ours ? smtp::Reply(451, "4.3.0", taken.error().text())
                : smtp::Reply(550, "5.6.0", "no TLS report: " + taken.error().text()));
  };
  const Stored<void> done = co_await on_pool(site.disk, take);
  const smtp::Reply kept(250, "2.0.0", "the report is kept");
  attempt.say(recipients, done ? kept : done.error(), true);
  co_return attempt;
}

Attempt discard(const std::vector<std::uint32_t>& recipients) {
  Attempt attempt;
  attempt.here = true;
  attempt.relay = "discard";
  attempt.say(recipients, {250, "2.0.0", "discarded"}, true);
  return attempt;
}

Attempt refuse(const Route& route, const std::vector<std::uint32_t>& recipients) {
  Attempt attempt;
  attempt.relay = "error";
  attempt.say(recipients, route.reply, true);
  return attempt;
}

}  // namespace outrider::deliver
