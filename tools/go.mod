module waybill/tools

go 1.26.0
