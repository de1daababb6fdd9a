#include "outrider/receive/notices.h"

#include <optional>
#include <utility>

#include "outrider/base/clock.h"

namespace outrider::receive {

awaitable<Result<void>> tell_sender(queue::Queue& queue, std::string host, Told told) {
  std::vector<const mail::Recipient*> wanted;
  for (const mail::Recipient& recipient : told.recipients) {
    if (mail::wanted(told.kind, told.envelope.reverse_path, recipient))
      wanted.push_back(&recipient);
  }
  const std::string id = told.id.text();
  mail::NoticeFacts facts;
  facts.host = host;
  facts.id = id;
  facts.now = now();
  facts.header = told.header;
  std::optional<mail::Notice> notice = mail::make_notice(told.kind, told.envelope, wanted, facts);
  if (!notice) co_return Result<void>{};
  const std::unique_ptr<queue::Incoming> incoming = queue.begin();
  const Result<void> kept = co_await incoming->append(notice->content);
  if (!kept) co_return kept;
  const Result<MessageId> committed = co_await incoming->commit(std::move(notice->envelope));
  if (!committed) co_return std::unexpected(committed.error());
  co_return Result<void>{};
}

}  // namespace outrider::receive
