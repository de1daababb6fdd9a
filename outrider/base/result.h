// Faults that a peer, an operator or a disk can cause are values; exceptions are for start-up and
// for bugs. One struct for all of them, because whoever reads it asks the same three questions:
// what was given, which rule did it break, and where.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace outrider {

/// Who can put it right. It decides what follows: answer the peer, tell the operator, or retry.
enum class Blame { Peer, Operator, Environment };

/// A fault as a person needs it. Text that came from outside is bounded and printable
/// (see printable() in text.h).
struct Error {
  Blame blame = Blame::Environment;
  std::string input;  ///< what was given: `unknown key "tls.levle"`
  std::string rule;   ///< what it broke: `RFC 5321 §4.1.2`, `configuration schema`
  std::string place;  ///< `outrider.toml:12:3`, a peer's address, a record's key

  bool operator==(const Error&) const = default;

  /// `place: input (rule)`, with empty parts left out.
  std::string text() const;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Blame blame, std::string input, std::string rule = {},
                                   std::string place = {}) {
  return std::unexpected(Error{blame, std::move(input), std::move(rule), std::move(place)});
}

/// A fault of the operating system: `what: strerror(error)`.
std::unexpected<Error> fail_errno(std::string what, int error, std::string place = {});

}  // namespace outrider
