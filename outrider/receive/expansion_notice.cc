#include "outrider/receive/expansion_notice.h"

#include <optional>
#include <utility>

#include "outrider/base/clock.h"
#include "outrider/mail/notice.h"

namespace outrider::receive {

awaitable<Result<void>> tell_of_expansion(queue::Queue& queue, std::string host,
                                          Expanded expanded) {
  std::vector<const mail::Recipient*> told;
  for (const mail::Recipient& alias : expanded.aliases) {
    if (mail::wanted(mail::NoticeKind::Success, expanded.envelope.reverse_path, alias))
      told.push_back(&alias);
  }
  const std::string id = expanded.id.text();
  mail::NoticeFacts facts;
  facts.host = host;
  facts.id = id;
  facts.now = now();
  facts.header = expanded.header;
  std::optional<mail::Notice> notice =
      mail::make_notice(mail::NoticeKind::Success, expanded.envelope, told, facts);
  if (!notice) co_return Result<void>{};
  const std::unique_ptr<queue::Incoming> incoming = queue.begin();
  const Result<void> kept = co_await incoming->append(notice->content);
  if (!kept) co_return kept;
  const Result<MessageId> committed = co_await incoming->commit(std::move(notice->envelope));
  if (!committed) co_return std::unexpected(committed.error());
  co_return Result<void>{};
}

}  // namespace outrider::receive
