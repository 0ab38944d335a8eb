"""Ibasho Atlas."""

import os

# GDAL reads these once, when pyogrio is first imported. Its other drivers (VRT, GDALG, WFS, HTTP, …) open
# files and addresses that the content of a file names; geo.sources refuses to work when one is still there.
os.environ["CPL_VSIL_CURL_ALLOWED_EXTENSIONS"] = ".never"
os.environ["GDAL_SKIP"] = (
    "PCIDSK,PDS4,VICAR,PDF,MBTiles,EEDA,OGCAPI,GDALG,MapInfo File,LVBAG,S57,DGN,OGR_VRT,CSV,GML,GPX,"
    "LIBKML,KML,GeoJSONSeq,ESRIJSON,TopoJSON,OGR_GMT,SQLite,WAsP,OpenFileGDB,DXF,GeoRSS,VFK,PGDUMP,OSM,"
    "GPSBabel,OGR_PDS,WFS,OAPIF,EDIGEO,Idrisi,ODS,XLSX,Elasticsearch,Carto,AmigoCloud,SXF,Selafin,JML,"
    "PLSCENES,CSW,VDV,MVT,NGW,MapML,GTFS,PMTiles,JSONFG,MiraMonVector,ADBC,AVCBin,AVCE00,AIVector,HTTP"
)
