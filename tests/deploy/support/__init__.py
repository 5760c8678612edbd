"""What the tests of deployment share: images, gateway, servers, load; no test."""
