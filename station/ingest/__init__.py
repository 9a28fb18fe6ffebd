"""Up: MQTT -> checked -> one transaction -> acknowledged -> mark down."""
