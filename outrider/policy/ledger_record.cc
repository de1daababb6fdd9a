#include "outrider/policy/ledger_record.h"

#include <fmt/format.h>

#include <iterator>
#include <limits>

#include "outrider/base/text.h"

namespace outrider::policy {
namespace {

using trust::Day, trust::DomainRecord, trust::HostRecord, trust::Sessions, trust::Word;

constexpr std::string_view host_head = "outrider-tls-host 1";
constexpr std::string_view domain_head = "outrider-tls-domain 2";
constexpr std::string_view domain_head_without_lacks = "outrider-tls-domain 1\n";
constexpr auto latest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() / 2);

// Both name the fields of a record once, in `fields()` below: what is written can be read.
class Writer {
 public:
  void field(const std::string& text) { line(printable(text, longest)); }
  void field(bool fact) { field(std::uint64_t{fact ? 1U : 0U}); }
  void field(std::uint64_t number) { fmt::format_to(std::back_inserter(bytes_), "{}\n", number); }
  void field(Time time) {
    const auto since = time.time_since_epoch().count();
    field(static_cast<std::uint64_t>(since > 0 ? since : 0));
  }
  void field(const std::optional<Time>& time) { field(time.value_or(Time{})); }
  template <class Each, class Fields>
  void list(const std::vector<Each>& list, std::size_t /*most*/, Fields fields) {
    field(list.size());
    for (const Each& each : list) fields(each);
  }
  void line(std::string_view text) { bytes_.append(text).append(1, '\n'); }
  std::string take() { return std::move(bytes_); }

 private:
  static constexpr std::size_t longest = 400;
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  void field(std::string& text) { text = line(); }
  void field(std::uint64_t& number) {
    const auto read = parse_number(line());
    is_whole_ &= read && *read <= latest;
    number = is_whole_ ? *read : 0;
  }
  void field(bool& fact) {
    std::uint64_t number = 0;
    field(number);
    is_whole_ &= number <= 1;
    fact = number == 1;
  }
  void field(Time& time) {
    std::uint64_t number = 0;
    field(number);
    time = Time(Duration(static_cast<Duration::rep>(number)));
  }
  void field(std::optional<Time>& time) {
    Time read{};
    field(read);
    if (read != Time{}) time = read;
  }
  template <class Each, class Fields>
  void list(std::vector<Each>& list, std::size_t most, Fields fields) {
    std::uint64_t count = 0;
    field(count);
    is_whole_ &= count <= most;
    for (; is_whole_ && count > 0; --count) fields(list.emplace_back());
  }
  std::string_view line() {
    const auto end = rest_.find('\n');
    is_whole_ &= end != std::string_view::npos;
    if (!is_whole_) return {};
    const auto line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return line;
  }
  bool is_done() const { return is_whole_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool is_whole_ = true;
};

void fields(auto& io, auto& sessions)
  requires requires { sessions.unverified; }
{
  io.field(sessions.verified);
  io.field(sessions.unverified);
  io.field(sessions.without);
}

void fields(auto& io, auto& record)
  requires requires { record.tls; }
{
  io.field(record.first);
  io.field(record.last);
  fields(io, record.sessions);
  io.field(record.resumed);
  io.field(record.tls.first);
  io.field(record.tls.last);
  io.field(record.tls.count);
  io.field(record.tls.best);
  io.field(record.tls.gone);
  io.field(record.tls.told);
  for (auto* text : {&record.version, &record.cipher, &record.group, &record.proof, &record.doubt,
                     &record.dane, &record.sts, &record.requiretls}) {
    io.field(*text);
  }
  for (auto* since : {&record.key, &record.certificate}) {
    io.field(since->digest);
    io.field(since->when);
  }
  io.field(record.verified);
  for (auto* mishap : {&record.missed, &record.failed}) {
    io.field(mishap->why);
    io.field(mishap->when);
  }
}

void fields(auto& io, auto& record)
  requires requires { record.words; }
{
  io.field(record.first);
  io.field(record.last);
  io.field(record.clear_until);
  io.list(record.hosts, DomainRecord::most_hosts, [&](auto& host) { io.field(host); });
  io.list(record.days, DomainRecord::most_days, [&](auto& day) {
    io.field(day.number);
    fields(io, day.sessions);
  });
  io.list(record.words, DomainRecord::most_words, [&](auto& word) {
    io.field(word.when);
    io.field(word.who);
    io.field(word.what);
  });
  io.list(record.lacks, DomainRecord::most_lacks, [&](auto& lack) {
    io.field(lack.host);
    io.field(lack.first);
    io.field(lack.count);
    io.field(lack.since);
    io.field(lack.told);
    io.field(lack.accepted);
  });
}

template <class Record>
std::string write(std::string_view head, const Record& record) {
  Writer writer;
  writer.line(head);
  fields(writer, record);
  return writer.take();
}

template <class Record>
Result<Record> read(std::string_view head, std::string_view bytes) {
  Reader reader(bytes);
  Record record;
  if (reader.line() == head) {
    fields(reader, record);
    if (reader.is_done()) return record;
  }
  return fail(Blame::Environment, "a damaged record", std::string(head));
}

}  // namespace

std::string write_record(const HostRecord& record) { return write(host_head, record); }
std::string write_record(const DomainRecord& record) { return write(domain_head, record); }

Result<HostRecord> read_host_record(std::string_view bytes) {
  return read<HostRecord>(host_head, bytes);
}
Result<DomainRecord> read_domain_record(std::string_view bytes) {
  if (bytes.starts_with(domain_head_without_lacks)) {
    const auto rest = bytes.substr(domain_head_without_lacks.size());
    return read<DomainRecord>(domain_head, fmt::format("{}\n{}0\n", domain_head, rest));
  }
  return read<DomainRecord>(domain_head, bytes);
}

}  // namespace outrider::policy
