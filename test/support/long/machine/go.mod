module packet-capture/machine

go 1.26.0
