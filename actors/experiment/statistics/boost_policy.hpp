#pragma once
// How Boost.Math tells what went wrong here: by a NaN or an infinity, never by errno or an exception.

#include <boost/math/policies/policy.hpp>
#include <limits>

namespace boost::math::policies {
/// An iteration that does not converge has no answer.
template <class T>
T user_evaluation_error(const char*, const char*, const T&) {
  return std::numeric_limits<T>::quiet_NaN();
}
}  // namespace boost::math::policies

namespace troupe::experiment {

using Quiet = boost::math::policies::policy<
    boost::math::policies::domain_error<boost::math::policies::ignore_error>,
    boost::math::policies::pole_error<boost::math::policies::ignore_error>,
    boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
    boost::math::policies::underflow_error<boost::math::policies::ignore_error>,
    boost::math::policies::denorm_error<boost::math::policies::ignore_error>,
    boost::math::policies::rounding_error<boost::math::policies::ignore_error>,
    boost::math::policies::indeterminate_result_error<boost::math::policies::ignore_error>,
    boost::math::policies::evaluation_error<boost::math::policies::user_error>>;

}  // namespace troupe::experiment
