// `outrider tls explain`: the server's decision about a destination, as JSON and for people.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "outrider/app/queue_command.h"
#include "outrider/deliver/explain.h"

namespace outrider::app {

boost::json::object explanation_to_json(const deliver::Explanation& explanation);
/// The same object as lines of text.
std::string explanation_text(const boost::json::object& explanation);

struct ExplainRequest {
  QueueRequest server;
  std::string about;  ///< address or domain
  std::string wish;   ///< `requiretls`, `tls-optional`, or nothing
};
int tls_explain(const ExplainRequest& request);

}  // namespace outrider::app
