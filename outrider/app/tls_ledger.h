// The ledger as JSON and for people, and the commands about it: `outrider tls release` and
// `outrider tls suggest`.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>

#include "outrider/app/queue_command.h"
#include "outrider/trust/ledger.h"
#include "outrider/trust/suggest.h"

namespace outrider::app {

boost::json::object host_record_to_json(const trust::HostRecord& record);
boost::json::object domain_record_to_json(const trust::DomainRecord& record);
/// The same objects as lines of text, indented by two.
std::string host_record_text(const boost::json::object& record);
std::string domain_record_text(const boost::json::object& record);

/// `is_usual`: its mail goes by MX, and no route names a level.
boost::json::object suggestion_to_json(const std::string& domain,
                                       const trust::Suggestion& suggestion, bool is_usual);
/// A fragment of a configuration: routes for what can be pinned, comments for the rest.
std::string suggestions_text(const boost::json::object& answer);

struct ReleaseRequest {
  QueueRequest server;
  std::string about;   ///< domain, or an address of it
  std::string ruling;  ///< `plaintext-once`, `accept-new`, `keep`
};
int tls_release(const ReleaseRequest& request);
int tls_suggest(const QueueRequest& request, std::int64_t days);

}  // namespace outrider::app
