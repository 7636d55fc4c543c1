//! The regions, and the hosts of their stores, as IBM's SDK for watsonx.ai knows them.

use crate::http::Endpoint;

/// A data centre with a store of its own.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Region {
    /// The name: `us-south`.
    pub name: &'static str,
    host: &'static str,
    /// The host on IBM's private network.
    private: Option<&'static str>,
}

const fn region(name: &'static str, host: &'static str, private: Option<&'static str>) -> Region {
    Region { name, host, private }
}

/// The regions. Those of IBM Cloud come first.
static REGIONS: [Region; 9] = [
    region(
        "us-south",
        "api.dataplatform.cloud.ibm.com",
        Some("private.api.dataplatform.cloud.ibm.com"),
    ),
    region(
        "eu-de",
        "api.eu-de.dataplatform.cloud.ibm.com",
        Some("private.api.eu-de.dataplatform.cloud.ibm.com"),
    ),
    region(
        "eu-gb",
        "api.eu-gb.dataplatform.cloud.ibm.com",
        Some("private.api.eu-gb.dataplatform.cloud.ibm.com"),
    ),
    region(
        "jp-tok",
        "api.jp-tok.dataplatform.cloud.ibm.com",
        Some("private.api.jp-tok.dataplatform.cloud.ibm.com"),
    ),
    region("au-syd", "api.au-syd.dai.cloud.ibm.com", Some("private.api.au-syd.dai.cloud.ibm.com")),
    region("ca-tor", "api.ca-tor.dai.cloud.ibm.com", Some("private.api.ca-tor.dai.cloud.ibm.com")),
    region("ap-south-1", "api.ap-south-1.aws.data.ibm.com", None),
    region("us-east-1", "api.us-east-1.aws.data.ibm.com", None),
    region("us-gov-east-1", "api.dai.ibmforusgov.com", Some("internal.api.dai.ibmforusgov.com")),
];

/// How many of them are regions of IBM Cloud.
const OF_IBM_CLOUD: usize = 6;
/// What a URL may hold in place of the name of a region.
pub const PLACE: &str = "{region}";

impl Region {
    /// Returns every region.
    pub fn all() -> &'static [Self] {
        &REGIONS
    }

    /// Returns the regions of IBM Cloud.
    pub fn of_ibm_cloud() -> &'static [Self] {
        &REGIONS[..OF_IBM_CLOUD]
    }

    /// Finds a region by name.
    pub fn find(name: &str) -> Option<&'static Self> {
        REGIONS.iter().find(|region| region.name == name)
    }

    /// Returns the names of all regions, for a message.
    pub fn names() -> String {
        REGIONS.each_ref().map(|region| region.name).join(", ")
    }

    /// Returns where the store is. `url` names it, and may hold [`PLACE`]; without it the endpoint of IAM tells. Fails with a
    /// sentence: a token must not go to a host that has nothing to do with the IAM that issued it.
    pub(super) fn endpoint(&self, url: Option<&str>, iam: &Endpoint) -> Result<Endpoint, String> {
        let host = iam.authority();
        let is_private = host.starts_with("private.");
        let text = match (url, self.private.filter(|_| is_private)) {
            (Some(url), _) => url.replace(PLACE, self.name),
            _ if iam.is_loopback() => {
                let scheme = if iam.is_https() { "https" } else { "http" };
                format!("{scheme}://{host}/regions/{}", self.name)
            }
            _ if host != "iam.cloud.ibm.com" && !host.ends_with(".iam.cloud.ibm.com") => {
                return Err(format!(
                    "Where the task credentials that belong to {iam} are is not known; WATSONX_API_URL names the place"
                ));
            }
            (None, Some(private)) => format!("https://{private}"),
            (None, None) => format!("https://{}", self.host),
        };
        Endpoint::parse(&text).map_err(|why| {
            format!("WATSONX_API_URL cannot be used for the region {}: {why}", self.name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(region: &str, url: Option<&str>, iam: &str) -> Result<String, String> {
        let iam = Endpoint::parse(iam).unwrap();
        Region::find(region).unwrap().endpoint(url, &iam).map(|endpoint| endpoint.to_string())
    }

    #[test]
    fn a_store_is_where_iam_and_the_variable_say() {
        let cloud = "https://iam.cloud.ibm.com";
        let private = "https://private.us-south.iam.cloud.ibm.com";
        for (region, url, iam, expected) in [
            ("us-south", None, cloud, "https://api.dataplatform.cloud.ibm.com"),
            ("us-south", None, private, "https://private.api.dataplatform.cloud.ibm.com"),
            ("au-syd", None, cloud, "https://api.au-syd.dai.cloud.ibm.com"),
            ("ca-tor", None, private, "https://private.api.ca-tor.dai.cloud.ibm.com"),
            ("ap-south-1", None, private, "https://api.ap-south-1.aws.data.ibm.com"),
            ("eu-de", None, "http://127.0.0.1:1/x", "http://127.0.0.1:1/regions/eu-de"),
            ("eu-de", None, "https://[::1]:8443", "https://[::1]:8443/regions/eu-de"),
            ("eu-de", Some("https://a.{region}.b/c"), cloud, "https://a.eu-de.b/c"),
            ("eu-de", Some("https://a.b"), "https://iam.example.com", "https://a.b"),
        ] {
            assert_eq!(at(region, url, iam).as_deref(), Ok(expected), "{region} {iam}");
        }
        assert!(at("us-south", None, "https://iam.example.com").is_err());
        assert!(at("us-south", None, "https://iam.cloud.ibm.com.example.com").is_err());
        assert!(at("us-south", Some("http://a.b"), cloud).is_err());
    }
}
