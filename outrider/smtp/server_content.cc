#include <algorithm>
#include <utility>

#include "outrider/smtp/server_state.h"

namespace outrider::smtp {

void ServerSession::State::begin_content(BodyReader::Framing framing) {
  reader = BodyReader(framing, options.line_ends);
  content_size = 0;
}

std::optional<Event> ServerSession::State::read_data() {
  while (!input.empty()) {
    const auto part = reader.next(input.view());
    input.consume(part.used);
    if (reader.ended()) return end_of_message();
    if (auto event = content(part)) return event;
    if (mode == Mode::Closed) return std::nullopt;
  }
  return NeedInput{};
}

std::optional<Event> ServerSession::State::read_chunk() {
  while (chunk_left > 0) {
    const auto rest = input.view();
    if (rest.empty()) return NeedInput{};
    const auto part = reader.next(rest.substr(0, std::min<std::uint64_t>(rest.size(), chunk_left)));
    input.consume(part.used);
    chunk_left -= part.used;
    if (auto event = content(part)) return event;
    if (mode == Mode::Closed) return std::nullopt;
  }
  return end_of_chunk();
}

std::optional<Event> ServerSession::State::skip_chunk() {
  const auto skipped = std::min<std::uint64_t>(input.view().size(), chunk_left);
  input.consume(skipped);
  chunk_left -= skipped;
  if (chunk_left > 0) return NeedInput{};
  mode = Mode::Commands;
  say(*skipped_because);
  refuse("BDAT", *skipped_because);
  return std::nullopt;
}

// Content that is kept. What exceeds the limit is read and dropped, up to as much again: a client
// that is refused at the end learns why, one that never ends is cut off.
std::optional<Event> ServerSession::State::content(const BodyReader::Part& part) {
  const auto bytes = part.content;
  // Content with a bad line end is no longer given, but has to end as well.
  content_size += reader.refused() ? part.used : bytes.size();
  const auto most = options.limits.message_size;
  if (content_size > 2 * most) {
    refuse("content without end", replies::too_large);
    close(replies::too_large, "message too large");
    return std::nullopt;
  }
  if (bytes.empty() || content_size > most) return std::nullopt;
  return BodyPart{bytes};
}

std::optional<Event> ServerSession::State::end_of_chunk() {
  if (chunk_is_last) {
    if (const auto repaired = reader.end_of_chunks(); !repaired.empty()) {
      if (auto event = content({0, repaired})) return event;
    }
    return end_of_message();
  }
  mode = Mode::Commands;
  say(replies::ok);
  return std::nullopt;
}

std::optional<Event> ServerSession::State::end_of_message() {
  mode = Mode::Commands;
  if (reader.refused()) {
    // RFC 5321 §2.3.8. Read to its true end first, so that the client hears the reply and drops
    // the message; then closed, since the two sides may differ about where commands begin.
    answers_left = options.lmtp ? recipients - 1 : 0;  // close() gives the last one
    refuse_message(replies::bare_line_end);
    close(replies::bare_line_end, "line end other than CRLF");
    return std::nullopt;
  }
  if (content_size > options.limits.message_size) {
    answers_left = options.lmtp ? recipients : 1;
    refuse_message(replies::too_large);
    forget_transaction();
    return std::nullopt;
  }
  answers_left = options.lmtp ? recipients : 1;
  return ask(Question::MessageEnd, MessageEnd{});
}

// RFC 2033 §4.2: under LMTP each recipient has its reply, also where the reason is the same.
void ServerSession::State::refuse_message(const FixedReply& reply) {
  for (; answers_left > 0; --answers_left) say(reply);
  refuse("message", reply);
}

}  // namespace outrider::smtp
