"""The demo's people, companies, kits and money: real data made through the services."""
