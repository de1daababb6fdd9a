// `outrider dns`: asks for each record, and prints them.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "outrider/app/exit_code.h"
#include "outrider/app/print.h"
#include "outrider/app/publish.h"

namespace outrider::app {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

constexpr int exit_differs = 1;

asio::awaitable<std::vector<Found>> look_up_all(dns::Resolver& resolver,
                                                const std::vector<WantedRecord>& records) {
  std::vector<Found> found;
  for (const auto& record : records) {
    Found each = co_await look_up(resolver, record);
    found.push_back(std::move(each));
  }
  co_return found;
}

Result<std::vector<Found>> ask(const Config& config, const std::vector<WantedRecord>& records) {
  auto resolver = dns::Resolver::open(config.dns);
  if (!resolver) return std::unexpected(resolver.error());
  asio::io_context loop;
  auto future = asio::co_spawn(loop, look_up_all(**resolver, records), asio::use_future);
  loop.run();
  (*resolver)->close();
  return future.get();
}

void print_json(const std::vector<WantedRecord>& records, const std::vector<Found>& found) {
  json::array list;
  for (std::size_t i = 0; i < records.size(); ++i) {
    json::object object{{"name", records[i].name},
                        {"record", record_line(records[i], nullptr)},
                        {"data", records[i].data}};
    if (!records[i].note.empty()) object["note"] = records[i].note;
    if (i < found.size()) {
      object["state"] = name(found[i].state);
      if (!found[i].what.empty()) object["published"] = found[i].what;
    }
    list.emplace_back(std::move(object));
  }
  print(json::serialize(json::object{{"records", std::move(list)}}) + "\n");
}

}  // namespace

int dns_command(const DnsRequest& request) {
  const auto config = load_config(request.file);
  if (!config) {
    print_errors(config.error());
    return exit_config;
  }
  const auto records = records_to_publish(*config, request.domain, request.next_keys);
  if (!records) {
    print_errors({records.error()});
    return exit_data;
  }
  std::vector<Found> found;
  if (!request.offline) {
    auto asked = ask(*config, *records);
    if (!asked) {
      print_errors({asked.error()});
      return exit_unavailable;
    }
    found = std::move(*asked);
  }
  if (request.json) {
    print_json(*records, found);
  } else {
    for (std::size_t i = 0; i < records->size(); ++i) {
      print(record_line((*records)[i], found.empty() ? nullptr : &found[i]));
    }
  }
  for (const auto& each : found) {
    if (each.state != Found::State::Match) return exit_differs;
  }
  return exit_ok;
}

}  // namespace outrider::app
