// RFC 3339 §5.6: `2026-11-23T02:01:57.123Z`, `…+01:00`.
#include <charconv>
#include <chrono>

#include "outrider/base/text.h"
#include "outrider/report/tls_report.h"

namespace outrider::report {
namespace {

class Digits {
 public:
  explicit Digits(std::string_view text) : rest_(text) {}

  int number(std::size_t digits, int least, int most) {
    int value = 0;
    const auto part = rest_.substr(0, digits);
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    holds_ &= part.size() == digits && error == std::errc{} && end == part.data() + digits &&
              ascii_digits(part) && value >= least && value <= most;
    rest_.remove_prefix(part.size());
    return value;
  }
  char one_of(std::string_view characters) {
    const char c = rest_.empty() ? '\0' : rest_.front();
    holds_ &= c != '\0' && characters.contains(c);
    if (!rest_.empty()) rest_.remove_prefix(1);
    return c;
  }
  void skip_fraction() {
    if (!rest_.starts_with('.')) return;
    rest_.remove_prefix(1);
    const auto digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    holds_ &= digits > 0;
    rest_.remove_prefix(digits);
  }
  bool holds() const { return holds_; }
  bool at_end() const { return rest_.empty(); }

 private:
  static bool ascii_digits(std::string_view text) {
    return text.find_first_not_of("0123456789") == std::string_view::npos;
  }

  std::string_view rest_;
  bool holds_ = true;
};

}  // namespace

Result<Time> parse_date_time(std::string_view text) {
  using namespace std::chrono;
  Digits digits(text);
  const year y(digits.number(4, 1970, 9999));
  digits.one_of("-");
  const month m(static_cast<unsigned>(digits.number(2, 1, 12)));
  digits.one_of("-");
  const day d(static_cast<unsigned>(digits.number(2, 1, 31)));
  digits.one_of("Tt ");
  const hours hour(digits.number(2, 0, 24));
  digits.one_of(":");
  const minutes minute(digits.number(2, 0, 59));
  digits.one_of(":");
  const seconds second(digits.number(2, 0, 60));
  digits.skip_fraction();
  const char zone = digits.one_of("Zz+-");
  minutes offset{0};
  if (digits.holds() && (zone == '+' || zone == '-')) {
    offset = hours(digits.number(2, 0, 23));
    digits.one_of(":");
    offset += minutes(digits.number(2, 0, 59));
    if (zone == '-') offset = -offset;
  }
  const year_month_day date(y, m, d);
  if (!digits.holds() || !digits.at_end() || !date.ok()) {
    return fail(Blame::Peer, printable(text), "a date-time of RFC 3339");
  }
  return Time(sys_days(date) + hour + minute + second - offset);
}

}  // namespace outrider::report
